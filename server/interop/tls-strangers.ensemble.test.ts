/**
 * Strangers on the ports between members that speak TLS. The server refuses each with one line that says why,
 * in bounded time and memory, and the members go on.
 */
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { assert, suite, until } from '#test';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { type Identity, TestAuthority } from '../runtime/tls/certificates.test-kit.ts';
import { HANDSHAKE_MS_MAX, HANDSHAKES_MAX } from '../runtime/tls/tls-door.ts';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import type { Member } from './member.test-kit.ts';
import { DIALS_FROM, TestStores, TLS } from './tls.test-kit.ts';

const test = suite('interop: strangers on ports with TLS');
const DEADLINE = { deadlineMs: 300_000 };
const SOON = { deadlineMs: 60_000 };
const OBSERVER_MASTER_PORT = 2191;
const PORTS: Readonly<Record<string, number>> = {
  'election port': 3888,
  'quorum port': 2888,
  'observer master port': OBSERVER_MASTER_PORT,
};
const MUTATED_BATCHES = 30;
const MUTATED_AT_A_TIME = 100;
const RSS_GROWTH_BYTES_MAX = 64 * 1024 * 1024;

async function withMembers(body: (ensemble: Ensemble, stores: TestStores) => Promise<void>): Promise<void> {
  const stores = new TestStores();
  const plan = {
    is: 'zklab',
    settings: [...TLS, `observerMasterPort=${OBSERVER_MASTER_PORT}`],
    settingsAt: (host: string) => stores.settings(host),
  } as const;
  await withEnsemble([plan, plan, plan], async ensemble => {
    await ensemble.start();
    await body(ensemble, stores);
  });
}

function dial(member: Member, port: number, identity?: Identity): net.Socket {
  const own = identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey };
  const socket = tls.connect({ host: member.host, port, rejectUnauthorized: false, ...own });
  socket.on('error', () => {});
  // A refusal comes when the dialling side has finished its part.
  socket.on('secureConnect', () => socket.write('hello'));
  return socket.resume();
}

function plain(member: Member, port: number, bytes: Buffer): net.Socket {
  const socket = net.connect({ host: member.host, port, noDelay: true }, () => socket.write(bytes));
  socket.on('error', () => {});
  return socket.resume();
}

function refusals({ log }: Member, port: string, why: RegExp): number {
  return log
    .split('\n')
    .filter(line => line.includes('"code":"ZK_TLS_PEER"') && line.includes(`${port}: `) && why.test(line))
    .length;
}

/** The first message of a TLS client. */
async function clientHello(): Promise<Buffer> {
  return new Promise(resolve => {
    const server = net.createServer(socket => {
      socket.once('data', bytes => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
    });
    server.listen(0, DIALS_FROM, () => {
      const { port } = server.address() as net.AddressInfo;
      tls.connect({ host: DIALS_FROM, port }).on('error', () => {});
    });
  });
}

test(
  'each kind of stranger is refused with one line that says why, on every port, and writes go on',
  async () => {
    await withMembers(async (ensemble, { authority }) => {
      const leader = await ensemble.leader();
      const client = await ensemble.client(leader.sid);
      const others = new TestAuthority('others');
      const kinds: [why: RegExp, meet: (port: number) => net.Socket][] = [
        [
          /its certificate CN=x is not accepted: no accepted authority has issued it, but CN=others/,
          port => dial(leader, port, others.issue('x', DIALS_FROM)),
        ],
        [
          /it expired on Jan +1 00:00:00 2021 GMT/,
          port => dial(leader, port, authority.issueExpired('late', DIALS_FROM)),
        ],
        [
          /its certificate is for IP Address:127\.9\.9\.9, and not for 127\.0\.0\.1/,
          port => dial(leader, port, authority.issue('elsewhere', '127.9.9.9')),
        ],
        [/it shows no certificate/, port => dial(leader, port)],
        [/it does not speak TLS/, port => plain(leader, port, Buffer.from('GET / HTTP/1.0\r\n\r\n'))],
        [/it does not speak TLS/, port => plain(leader, port, Buffer.from('ffffffffffff0001', 'hex'))],
      ];
      for (const [port, number] of Object.entries(PORTS)) {
        for (const [why, meet] of kinds) {
          const before = refusals(leader, port, why);
          const stranger = meet(number);
          await until(() => stranger.destroyed && refusals(leader, port, why) > before, {
            ...SOON,
            what: `${port}: ${why}`,
          });
          assert.is(refusals(leader, port, why), before + 1, `${why}: one line`);
          await client.create(`/${number}-${kinds.findIndex(([each]) => each === why)}-${before}`, 'x');
        }
      }
      assert.is((await ensemble.leader()).sid, leader.sid, 'the leader leads on');
      await client.close();
    });
  },
  DEADLINE,
);

test(
  'half a handshake, one byte a second, and a thousand strangers at once: each ends in time, and members are not held up',
  async () => {
    await withMembers(async ensemble => {
      const leader = await ensemble.leader();
      const client = await ensemble.client(leader.sid);
      const hello = await clientHello();
      const rssBefore = rssBytes(leader);

      const half = plain(leader, PORTS['quorum port']!, hello.subarray(0, 100));
      const answered = plain(leader, PORTS['election port']!, hello);
      const slow = plain(leader, PORTS['election port']!, hello.subarray(0, 5));
      let at = 5;
      const drip = setInterval(() => slow.write(hello.subarray(at, ++at)), 1000);
      const crowd = Array.from({ length: 1000 }, () =>
        plain(leader, PORTS['quorum port']!, hello.subarray(0, 60)),
      );
      const open = () => crowd.filter(({ destroyed }) => !destroyed).length;
      await until(() => open() <= HANDSHAKES_MAX, {
        ...SOON,
        what: `${HANDSHAKES_MAX} of the crowd; ${open()} are open`,
      });
      const begunMs = performance.now();
      for (let i = 0; i < 100; i++) await client.create(`/beside-${i}`, 'x');
      assert.ok(performance.now() - begunMs < HANDSHAKE_MS_MAX, 'writes beside the crowd');

      // A member comes back through the same port.
      const follower = ensemble.running.find(member => member !== leader)!;
      await follower.kill();
      await ensemble.start(follower.sid);
      assert.ok(
        rssBytes(leader) - rssBefore < RSS_GROWTH_BYTES_MAX,
        `${rssBytes(leader) - rssBefore} bytes more`,
      );
      await until(() => half.destroyed && answered.destroyed && slow.destroyed && open() === 0, {
        ...SOON,
        what: `the end of all; ${open()} are open`,
      });
      clearInterval(drip);
      const late = new RegExp(`it has not finished the handshake within ${HANDSHAKE_MS_MAX} ms`);
      // A member writes its log later than it acts.
      await until(() => refusals(leader, 'election port', late) === 2, { ...SOON, what: 'two lines' });
      assert.is((await ensemble.leader()).sid, leader.sid, 'the leader leads on');
      await client.close();
    });
  },
  DEADLINE,
);

function rssBytes({ pid }: Member): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

test(
  'a member with a certificate of another authority stays out with one line on either side, and gets in with its own',
  async () => {
    const stores = new TestStores();
    const wrong = new TestAuthority('others');
    const plan = (identity?: (host: string) => Identity) =>
      ({
        is: 'zklab',
        settings: TLS,
        settingsAt: (host: string) => stores.settings(host, identity?.(host)),
      }) as const;
    const plans = [plan(), plan(), plan(host => wrong.issue('third', host, DIALS_FROM))];
    await withEnsemble(plans, async ensemble => {
      await ensemble.start(1, 2);
      const third = ensemble.member(3);
      third.start();
      const seen = (member: Member, line: RegExp) => line.test(member.log);
      const refused = /election port: a peer is refused: its certificate CN=third is not accepted/;
      await until(() => seen(ensemble.member(1), refused) && seen(ensemble.member(2), refused), {
        ...SOON,
        what: 'the refusals',
      });
      assert.is(await third.mode().catch(() => undefined), undefined);
      await third.kill();
      const client = await ensemble.client(1);
      await client.create('/without', 'x');
      await client.close();
    });
  },
  DEADLINE,
);

test(
  'mutated handshakes end their own connections and nothing else',
  async () => {
    await withMembers(async (ensemble, { authority }) => {
      const leader = await ensemble.leader();
      const client = await ensemble.client(leader.sid);
      const hello = await clientHello();
      const random = new SeededRandom('handshakes');
      const mutated = (): Buffer => {
        const bytes = Buffer.from(hello.subarray(0, 5 + random.below(hello.length - 4)));
        // The first two bytes stay: without them it is no handshake.
        for (let left = random.below(8); left > 0; left--)
          bytes[2 + random.below(bytes.length - 2)] = random.below(256);
        return Buffer.concat([bytes, Buffer.alloc(random.below(64), random.below(256))]);
      };
      for (let batch = 0; batch < MUTATED_BATCHES; batch++) {
        const port = Object.values(PORTS)[batch % 3]!;
        const strangers = Array.from({ length: MUTATED_AT_A_TIME }, () => plain(leader, port, mutated()));
        await client.create(`/batch-${batch}`, 'x');
        for (const stranger of strangers) stranger.end();
        await until(() => strangers.every(({ destroyed }) => destroyed), {
          ...SOON,
          what: `batch ${batch} to end`,
        });
      }
      // A member still comes in.
      const member = dial(leader, PORTS['quorum port']!, authority.issue('member', DIALS_FROM));
      await new Promise(resolve => member.once('secureConnect', resolve));
      member.destroy();
      assert.is((await ensemble.leader()).sid, leader.sid, 'the leader leads on');
      await client.close();
    });
  },
  DEADLINE,
);
