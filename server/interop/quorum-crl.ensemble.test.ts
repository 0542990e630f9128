/** Revoked certificates of members, in an ensemble of both implementations. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tls from 'node:tls';
import { assert, suite, until } from '#test';
import type { Identity } from '../runtime/certificates.test-kit.ts';
import { type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { everybodyWrites } from './rolling-upgrade.test-kit.ts';
import { DIALS_FROM, TestStores, TLS } from './tls.test-kit.ts';

const test = suite('interop: revoked certificates of members');
const ELECTION_PORT = 3888;
const SOON = { deadlineMs: 60_000 };

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

test(
  'ssl.quorum.crl: members of both ask the list, and a member whose certificate is revoked stays out',
  async () => {
    requireApache();
    const stores = new TestStores();
    const revoked: Identity[] = [];
    let asked = 0;
    const lists = createServer((_, response) => {
      asked++;
      response.setHeader('Content-Type', 'application/pkix-crl').end(stores.authority.list({ revoked }));
    });
    await new Promise<void>(resolve => lists.listen(0, DIALS_FROM, resolve));
    const url = `http://${DIALS_FROM}:${(lists.address() as AddressInfo).port}/members.crl`;
    const issue = (host: string) => stores.authority.issueWithLists('member', [url], host, DIALS_FROM);
    const planOf = (is: MemberPlan['is'], isRevoked = false): MemberPlan => ({
      is,
      settings: [...TLS, 'ssl.quorum.crl=true'],
      settingsAt: host => {
        const identity = issue(host);
        if (isRevoked) revoked.push(identity);
        return stores.settings(host, identity);
      },
    });
    try {
      await withEnsemble([planOf('apache'), planOf('zklab'), planOf('zklab', true)], async ensemble => {
        await ensemble.start(1, 2);
        await everybodyWrites(ensemble, 'both');
        assert.ok(asked >= 2, `the list was asked for ${asked} times`);
        const [ours, excluded] = [ensemble.member(2), ensemble.member(3)];
        excluded.start();
        await until(
          () =>
            /a peer is refused: its certificate CN=member is not accepted: it was revoked on/.test(ours.log),
          {
            ...SOON,
            what: 'the refusal by ours',
          },
        );
        // Apache's server does not log why it closes a connection, but its alert says so.
        const { host } = ensemble.member(1);
        const [good, bad] = [issue(host), revoked[0]!];
        assert.match(await alertFor(bad, host), /ALERT_CERTIFICATE_(REVOKED|UNKNOWN)/);
        assert.not.match(await alertFor(good, host), /ALERT/);
        assert.is(await excluded.mode().catch(() => undefined), undefined);
        await everybodyWrites(ensemble, 'without-it', [1, 2]);
      });
    } finally {
      lists.close();
    }
  },
  { deadlineMs: 300_000 },
);
