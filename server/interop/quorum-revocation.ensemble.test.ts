/** Revoked certificates of members, in an ensemble of both implementations. */
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { assert, onPath, requirePeer, suite, temporaryFolder, until } from '#test';
import type { Identity, TestAuthority } from '../runtime/tls/certificates.test-kit.ts';
import { type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { everybodyWrites } from './rolling-upgrade.test-kit.ts';
import { DIALS_FROM, TestStores, TLS } from './tls.test-kit.ts';

const test = suite('interop: revoked certificates of members');
const ELECTION_PORT = 3888;
const SOON = { deadlineMs: 60_000 };
/** Number of certificates that a responder knows. */
const SERIALS = 9;

/** What ends a connection to an election port. */
function alertFor({ certificate: cert, privateKey: key }: Identity, host: string): Promise<string> {
  return new Promise(resolve => {
    const socket = tls.connect({ host, port: ELECTION_PORT, cert, key, rejectUnauthorized: false });
    socket.on('secureConnect', () => socket.write('hello, nobody'));
    socket.on('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.message));
    socket.on('close', () => resolve('closed'));
    socket.resume();
  });
}

/**
 * What says who is revoked. It is the only source that a certificate names, so without it no member accepts
 * another.
 */
interface Source {
  issue(host: string): Identity;
  revoke(identity: Identity): void;
  stop(): void;
}

async function lists(authority: TestAuthority): Promise<Source> {
  const revoked: Identity[] = [];
  const server = createServer((_, response) =>
    response.setHeader('Content-Type', 'application/pkix-crl').end(authority.list({ revoked })),
  );
  await new Promise<void>(resolve => server.listen(0, DIALS_FROM, resolve));
  const url = `http://${DIALS_FROM}:${(server.address() as AddressInfo).port}/members.crl`;
  return {
    issue: host => authority.issueWithLists('member', [url], host, DIALS_FROM),
    revoke: identity => revoked.push(identity),
    stop: () => server.close(),
  };
}

/** OpenSSL's responder, with the database of certificates that `openssl ca` keeps. */
async function responder(authority: TestAuthority): Promise<Source> {
  requirePeer('openssl', onPath('openssl'), 'a responder');
  const folder = temporaryFolder();
  const write = (name: string, text: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const revoked = new Set<number>();
  const lineOf = (serial: number): string => {
    const status = revoked.has(serial) ? 'R\t491231235959Z\t210101000000Z' : 'V\t491231235959Z\t';
    const text = serial.toString(16).toUpperCase().padStart(2, '0');
    return `${status}\t${text}\tunknown\t/CN=member-${text}\n`;
  };
  const database = (): string => Array.from({ length: SERIALS }, (_, at) => lineOf(at + 1)).join('');
  const index = write('index.txt', database());
  const certificate = write('authority.pem', authority.certificate);
  const key = write('authority.key', authority.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const signer = ['-CA', certificate, '-rsigner', certificate, '-rkey', key];
  const openssl = spawn('openssl', ['ocsp', '-port', '0', '-index', index, ...signer, '-ignore_err'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [openssl.stdout, openssl.stderr])
    stream.on('data', (text: Buffer) => {
      said += text.toString();
    });
  const port = await until(() => /ACCEPT \S*:(\d+)/.exec(said)?.[1], { ...SOON, what: `openssl: ${said}` });
  return {
    issue: host =>
      authority.issueWithResponder('member', `http://${DIALS_FROM}:${port}/`, [], host, DIALS_FROM),
    revoke({ serial }) {
      revoked.add(serial);
      // After each answer, OpenSSL checks whether the file is another one, or was written in another second.
      renameSync(write('index.new', database()), index);
    },
    stop: () => openssl.kill('SIGKILL'),
  };
}

const KINDS = [
  { setting: 'ssl.quorum.crl=true', what: 'lists', begin: lists },
  { setting: 'ssl.quorum.ocsp=true', what: 'a responder of OpenSSL', begin: responder },
];

for (const { setting, what, begin } of KINDS) {
  test(
    `${setting}: members of both implementations ask ${what}, and a member whose certificate is revoked stays out`,
    async () => {
      requireApache();
      const stores = new TestStores();
      const source = await begin(stores.authority);
      let excludedWith: Identity | undefined;
      const planOf = (is: MemberPlan['is'], isRevoked = false): MemberPlan => ({
        is,
        settings: [...TLS, setting],
        settingsAt: host => {
          const identity = source.issue(host);
          if (isRevoked) {
            source.revoke(identity);
            excludedWith = identity;
          }
          return stores.settings(host, identity);
        },
      });
      try {
        await withEnsemble([planOf('apache'), planOf('zklab'), planOf('zklab', true)], async ensemble => {
          await ensemble.start(1, 2);
          await everybodyWrites(ensemble, 'both');
          const [ours, excluded] = [ensemble.member(2), ensemble.member(3)];
          excluded.start();
          await until(
            () =>
              /a peer is refused: its certificate CN=member is not accepted: it was revoked on/.test(
                ours.log,
              ),
            { ...SOON, what: 'the refusal by ours' },
          );
          // Apache's server does not log why it closes a connection, but its alert says so.
          const { host } = ensemble.member(1);
          assert.match(await alertFor(excludedWith!, host), /ALERT_CERTIFICATE_(REVOKED|UNKNOWN)/);
          assert.not.match(await alertFor(source.issue(host), host), /ALERT/);
          assert.is(await excluded.mode().catch(() => undefined), undefined);
          await everybodyWrites(ensemble, 'without-it', [1, 2]);
        });
      } finally {
        source.stop();
      }
    },
    { deadlineMs: 300_000 },
  );
}
