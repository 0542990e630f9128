/** TLS between the members of one side, with a certificate that is made for the run. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Settings } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';

const OPENSSL_MAX_MS = 10_000;

/**
 * The settings of every member, whichever implementation: one certificate for all, which is its own
 * authority. It is therefore not made for a particular host.
 * @throws UsageError without openssl
 */
export async function memberTls(name: string, folder: string): Promise<Settings> {
  mkdirSync(folder, { recursive: true });
  const [identity, trusted] = [join(folder, `${name}-member.pem`), join(folder, `${name}-trusted.pem`)];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const { exitCode, failed, stderr, shortMessage } = await execa(
    'openssl',
    ['req', ...kind, '-subj', '/CN=zklab', '-keyout', identity, '-out', trusted],
    { reject: false, timeout: OPENSSL_MAX_MS },
  );
  if (failed) {
    const why = exitCode === undefined ? shortMessage : stderr.trim().split('\n').at(-1);
    throw new UsageError(`--${name}-tls: openssl makes the certificate of the members, and did not: ${why}`);
  }
  appendFileSync(identity, readFileSync(trusted));
  return {
    sslQuorum: 'true',
    'ssl.quorum.hostnameVerification': 'false',
    'ssl.quorum.keyStore.location': identity,
    'ssl.quorum.trustStore.location': trusted,
  };
}
