import { type AddressInfo, createServer } from 'node:net';
import { assert, suite } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { clients, measureTurn, TURNS } from './clients.ts';

const test = suite('chaos/experiments: clients');
const { healthy, readsFewSessions, readsManySessions, readsBeside } = CONDITIONS;
const ALL = new Set(['readsEverywhere', 'readsBesideWrites', 'unusedMasters']);

const conditionsOf = (text: string, needs: ReadonlySet<string>) =>
  TURNS.map(cellsOf => cellsOf(readTopology(text), needs).map(({ condition }) => condition));

test('001-2: both ensembles of the pair are written to before one of them, which alone has reads, is warmer', () => {
  assert.equal(conditionsOf('voters=3', ALL), [[healthy], [readsFewSessions, readsManySessions], []]);
  assert.equal(conditionsOf('voters=3 masters=ready', ALL), [[healthy], [], []]);
});

test('planted: every ensemble that is read from was written to before, or none was', () => {
  for (const needs of [ALL, new Set(['readsEverywhere']), new Set(['readsEverywhere', 'unusedMasters'])]) {
    const wrote = ['voters=3', 'voters=3 observers=2', 'voters=3 observers=4']
      .map(text => conditionsOf(text, needs))
      .filter(([, reads]) => reads!.length > 0)
      .map(([writes]) => writes!.length > 0);
    assert.is(wrote.length, 3);
    assert.is(new Set(wrote).size, 1, [...needs].join());
  }
  assert.equal(conditionsOf('voters=3 observers=2', ALL), [
    ['warming up'],
    [readsFewSessions, readsManySessions],
    [healthy, readsBeside],
  ]);
});

test('an ensemble that is not read from writes nothing that nobody counts', () => {
  assert.equal(conditionsOf('voters=3 observers=2 masters=on', ALL), [[], [], [healthy, readsBeside]]);
  assert.equal(conditionsOf('voters=3 observers=2', new Set(['unusedMasters'])), [[], [], []]);
});

/** A member that answers four-letter words, and nothing else. */
async function answering(words: Readonly<Record<string, string>>) {
  const server = createServer(socket => {
    socket.on('error', () => {}).on('data', word => socket.end(words[String(word)] ?? ''));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise(resolve => server.close(resolve));
  return { address: { host: '127.0.0.1', port }, close };
}

/** How long the first part of each read is that is not measured, in the order of the loads. */
async function settledMs(start: number): Promise<(readonly [sessions: number, warmupMs: number])[]> {
  const settled: (readonly [number, number])[] = [];
  const server = await answering({ srvr: 'Zxid: 0x1\nMode: leader\n', mntr: 'zk_version\t1\n' });
  const host = { machineTicks: () => null, tcpSockets: async () => null };
  const ports = { client: server.address, quorum: {}, observerMaster: {} };
  const member = { name: 'v1', host, plan: { ports } };
  const stage = {
    ...{ name: 'voters', topology: readTopology('voters=3'), ensemble: { members: [member] } },
    assignRoles: async () => ({ leader: member, observers: [] }),
    stop: async () => {},
  };
  const driver = {
    run: async ({ sessionsPerTarget, warmupMs }: { sessionsPerTarget: number; warmupMs: number }) => {
      settled.push([sessionsPerTarget, warmupMs]);
      throw new Error('no load in this test');
    },
  };
  const own = { starts: 1, sessions: { few: 4, many: 50 }, settleMs: 300, wakeMs: 1_000, windowMs: 3_000 };
  const options = {
    ...{ lab: { driver }, seed: 1, needs: new Set(['readsEverywhere']), recorder: {} },
    suite: { load: {}, clients: { ...own, depth: 1, warmupMs: 0 } },
    cells: { measure: (_cell: object, body: () => Promise<void>) => body().catch(() => {}) },
  };
  for (const cellsOf of TURNS)
    await measureTurn(options as never, { stage, budgets: null } as never, start, cellsOf);
  await server.close();
  return settled;
}

test('planted: the first load of a turn has longer to wake members that were idle, whichever it is', async () => {
  assert.equal(await settledMs(0), [
    [4, 1_000],
    [50, 300],
  ]);
  assert.equal(await settledMs(1), [
    [50, 1_000],
    [4, 300],
  ]);
});

test('the estimate has the longer first loads', () => {
  const ms = (wakeMs: number) => {
    const own = { starts: 2, warmupMs: 0, settleMs: 300, windowMs: 3_000, staleness: { samples: 1 }, wakeMs };
    const topology = readTopology('voters=3');
    const planned = { topologies: [], own: [topology], needs: ALL };
    return clients.expectedMs!({ clients: own } as never, planned as never);
  };
  assert.is(ms(1_300) - ms(300), 2 * 2 * 1_000, 'two starts with a turn of writes and one of reads');
});
