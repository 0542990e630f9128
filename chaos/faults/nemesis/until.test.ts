/** Events that end a fault, seen at members that answer four-letter words as the test says. */
import { type AddressInfo, createServer } from 'node:net';
import { assert, suite } from '#test';
import { EventBus, type RunEvent } from '../../../results/events.ts';
import type { FaultContext, FaultMember } from '../context.ts';
import type { Fault } from '../fault.ts';
import { runNemesis } from './nemesis.ts';
import { type UntilEvent, watchFor } from './until.ts';

const test = suite('faults: until an event');
const LONG_MS = 60_000;

interface Words {
  zxid: string;
  snaps: number;
  role: string;
  snapshot: number | undefined;
  isDown: boolean;
}

/** Members of an ensemble in epoch 1, of which the first leads. */
async function withMembers(body: (members: FaultMember[], words: Words[]) => Promise<void>): Promise<void> {
  const words = ['leader', 'follower', 'observer'].map(
    (role): Words => ({ zxid: '0x100000005', snaps: 3, role, snapshot: 0x100000001, isDown: false }),
  );
  const servers = await Promise.all(
    words.map(async now => {
      const server = createServer(socket => {
        socket.on('error', () => {});
        socket.once('data', word => {
          if (now.isDown) return socket.destroy();
          socket.end(
            String(word) === 'srvr'
              ? `Zookeeper version: 3.8.0, x\nZxid: ${now.zxid}\nMode: ${now.role}\n`
              : `zk_version\t3.8.0\nzk_snap_count\t${now.snaps}\n`,
          );
        });
      });
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const members = words.map((now, at) => ({
    name: `v${at + 1}`,
    clientAddress: `127.0.0.1:${(servers[at]!.address() as AddressInfo).port}`,
    roleOf: () => now.role,
    snapshotZxid: () => now.snapshot,
  }));
  try {
    await body(members as unknown as FaultMember[], words);
  } finally {
    for (const server of servers) await new Promise(resolve => server.close(resolve));
  }
}

/** The event, what brings it about, and what only looks like it. */
const EVENTS: [UntilEvent, (words: Words[]) => void, ...((words: Words[]) => void)[]][] = [
  [
    'election',
    ([, second]) => Object.assign(second!, { zxid: '0x200000000', role: 'leader' }),
    ([first]) => Object.assign(first!, { zxid: '0x100000fff' }),
    ([first]) => Object.assign(first!, { isDown: true }),
  ],
  [
    'snapshot',
    ([first]) => Object.assign(first!, { snapshot: 0x100000006 }),
    // Not past the cut, and not the leader's.
    ([first]) => Object.assign(first!, { snapshot: 0x100000005 }),
    ([, second]) => Object.assign(second!, { snapshot: 0x100000009 }),
  ],
  [
    'sync-by-snap',
    ([, second]) => Object.assign(second!, { snaps: 4 }),
    // It was restarted.
    ([first]) => Object.assign(first!, { snaps: 0 }),
  ],
];

for (const [event, comes, ...others] of EVENTS) {
  test(`${event}: comes once it has come, and not before`, async () => {
    await withMembers(async (members, words) => {
      const watch = await watchFor(event, members);
      assert.is(await watch.comes(1, undefined), undefined, 'nothing has happened');
      for (const looksLikeIt of others) {
        looksLikeIt(words);
        assert.is(await watch.comes(1, undefined), undefined, String(looksLikeIt));
      }
      comes(words);
      assert.ok((await watch.comes(LONG_MS, undefined))! >= 0);
    });
  });
}

test('a member that is seen for the first time has sent nothing yet', async () => {
  await withMembers(async (members, words) => {
    words[1]!.isDown = true;
    const watch = await watchFor('sync-by-snap', members);
    words[1]!.isDown = false;
    assert.is(await watch.comes(1, undefined), undefined);
    words[1]!.snaps += 1;
    assert.ok((await watch.comes(LONG_MS, undefined)) !== undefined);
  });
});

test('a fault is healed when its event comes, at its maximum otherwise, and the run says which', async () => {
  await withMembers(async (members, words) => {
    const notes: string[] = [];
    const bus = new EventBus([(event: RunEvent) => void (event.kind === 'note' && notes.push(event.text))]);
    const context = { members } as unknown as FaultContext;
    const fault: Fault = {
      name: 'scripted',
      description: '',
      async inject() {
        words[1]!.zxid = '0x200000000';
        return {
          startedAt: 0,
          links: [],
          proveBite: async () => ({ bit: true, before: {}, after: {}, how: '' }),
          async heal() {},
        };
      },
    };
    const step = { fault, atMs: 0 };
    await runNemesis([{ ...step, forMs: LONG_MS, until: 'election' }], context, { events: bus });
    await runNemesis([{ ...step, forMs: 5, until: 'snapshot' }], context, { events: bus });
    assert.match(notes[0]!, /^scripted at 0 s: election came after \d+ ms$/);
    assert.is(notes[1], 'scripted at 0 s: snapshot did not come within 5 ms');
  });
});

test('an abort ends the wait', async () => {
  await withMembers(async members => {
    const abort = new AbortController();
    const watch = await watchFor('election', members);
    setImmediate(() => abort.abort());
    assert.is(await watch.comes(LONG_MS, abort.signal), undefined);
  });
});
