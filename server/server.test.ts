import { assert, suite } from '#test';
import { body, MemoryClient } from './memory-client.test-kit.ts';
import {
  CLIENT_PORT,
  ELECTION_PORT,
  MemoryEnsemble,
  nameOf,
  OBSERVER_MASTER_PORT,
  QUORUM_PORT,
} from './memory-ensemble.test-kit.ts';
import type { Connection, Listener } from './runtime/runtime.ts';
import { VirtualClock } from './runtime/virtual/virtual-clock.ts';
import { OpCode } from './wire/opcodes.ts';

const test = suite('server: its end');

function standalone(): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 0, settings: { preAllocSize: 64 } }).start();
}

function failing(code: string): Error {
  return Object.assign(new Error(`${code}: no more`), { code });
}

test('a full disk ends the server with ZK_DISK; nothing unsynced was acknowledged', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/kept', 'x');
  const { disk } = ensemble.machine(1);
  disk.capacityBytes = 100_000;
  const last = client.send(OpCode.create, body.create('/lost', 'x'.repeat(200_000)));
  ensemble.wait(() => ensemble.fatal.size > 0, 'the end');
  assert.is(ensemble.fatal.get(1)!.code, 'ZK_DISK');
  assert.match(ensemble.fatal.get(1)!.message, /ENOSPC/);
  assert.ok(client.replies.every(reply => reply.xid !== last));

  disk.capacityBytes = Number.POSITIVE_INFINITY;
  ensemble.start();
  assert.is(MemoryClient.open(ensemble).get('/kept'), 'x');
});

test('a sync that fails ends the server: what the page cache held may be gone, so the sync is never repeated', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const { disk } = ensemble.machine(1);
  disk.failSync = () => failing('EIO');
  const last = client.send(OpCode.create, body.create('/lost'));
  ensemble.wait(() => ensemble.fatal.size > 0, 'the end');
  assert.is(ensemble.fatal.get(1)!.code, 'ZK_DISK');
  assert.ok(client.replies.every(reply => reply.xid !== last));
});

test('a leader whose disk fails leaves, and the others go on with everything that was acknowledged', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const { leader } = ensemble;
  const survivor = ensemble.sids.find(sid => sid !== leader)!;
  const client = MemoryClient.open(ensemble, survivor);
  for (let i = 0; i < 20; i++) client.create(`/n${i}`, String(i));
  ensemble.machine(leader).disk.failSync = () => failing('EIO');
  client.send(OpCode.create, body.create('/last'));
  ensemble.wait(() => ensemble.fatal.has(leader), 'the leader to end');
  ensemble.wait(() => ensemble.leader > 0 && ensemble.leader !== leader, 'another leader');
  const after = MemoryClient.open(ensemble, ensemble.leader);
  for (let i = 0; i < 20; i++) assert.is(after.get(`/n${i}`), String(i));
});

/** Takes the port on the machine of `sid` for another process. */
function takePort(ensemble: MemoryEnsemble, sid: number, port: number): void {
  const machine = ensemble.machine(sid);
  const boot = machine.boot.bind(machine);
  machine.boot = options => {
    const runtime = boot(options);
    const taken = { onListening() {}, onConnection: (other: Connection) => other.destroy(), onError() {} };
    runtime.network.listen({ host: nameOf(sid), port }, taken);
    return runtime;
  };
}

/** Makes a process slow: its port for learners opens only `delayMs` later. */
function listenLate(ensemble: MemoryEnsemble, sid: number, delayMs: number): void {
  const machine = ensemble.machine(sid);
  const boot = machine.boot.bind(machine);
  machine.boot = options => {
    const runtime = boot(options);
    const { network, clock } = runtime;
    const listen = network.listen.bind(network);
    network.listen = (address, events) => {
      if (address.port !== QUORUM_PORT) return listen(address, events);
      let listener: Listener | undefined;
      const timer = clock.after(delayMs, () => {
        listener = listen(address, events);
      });
      return {
        port: address.port,
        close() {
          timer.cancel();
          listener?.close();
        },
      };
    };
    return runtime;
  };
}

test('followers wait for a leader that is slow to listen, and do not go back to elections', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 });
  for (const sid of ensemble.sids) listenLate(ensemble, sid, 1500);
  ensemble.start();
  for (const sid of ensemble.sids) {
    const looked = ensemble.events.get(sid)!.filter(({ kind }) => kind === 'looking');
    assert.is(looked.length, 1, `member ${sid}`);
  }
});

test('a client port that is taken ends the server with ZK_LISTEN and the address', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 });
  takePort(ensemble, 1, CLIENT_PORT);
  ensemble.boot();
  ensemble.wait(() => ensemble.fatal.size > 0, 'the end');
  assert.is(ensemble.fatal.get(1)!.code, 'ZK_LISTEN');
  assert.match(ensemble.fatal.get(1)!.message, /client port .*2181.*EADDRINUSE/);
});

test('a quorum port that is taken: the server elected again and again ends with ZK_LISTEN after its tries', () => {
  // Six tries take longer than its followers wait: they are counted over several elections.
  for (const tries of [1, 3, 6]) {
    const settings = { electionPortBindRetry: tries };
    const ensemble = new MemoryEnsemble({ voters: 3, settings });
    takePort(ensemble, 3, QUORUM_PORT);
    ensemble.boot();
    ensemble.wait(() => ensemble.fatal.has(3), `the end of member 3 after ${tries} tries`);
    const { code, message, details } = ensemble.fatal.get(3)!;
    assert.equal([code, details.port, details.tries], ['ZK_LISTEN', QUORUM_PORT, tries]);
    assert.match(message, /^quorum port zk3:2888 cannot be bound: EADDRINUSE/);
    ensemble.wait(() => ensemble.leader === 2, 'the others to go on without it');
  }
});

test('an election port that is taken ends the server with ZK_LISTEN after electionPortBindRetry tries, a second apart', () => {
  for (const [settings, tries] of [
    [{}, 3],
    [{ electionPortBindRetry: 1 }, 1],
    [{ electionPortBindRetry: 6 }, 6],
  ] as const) {
    const ensemble = new MemoryEnsemble({ voters: 3, settings });
    takePort(ensemble, 3, ELECTION_PORT);
    ensemble.boot();
    const startMs = ensemble.time.nowMs;
    ensemble.wait(() => ensemble.fatal.has(3), 'the end of member 3');
    const { code, message, details } = ensemble.fatal.get(3)!;
    assert.equal([code, details.tries], ['ZK_LISTEN', tries]);
    assert.match(message, /^election port zk3:3888 cannot be bound: EADDRINUSE/);
    assert.is(Math.round((ensemble.time.nowMs - startMs) / 1000), tries - 1);
  }
});

test('electionPortBindRetry=0: an election port that is taken is tried until it is free', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, settings: { electionPortBindRetry: 0 } });
  const machine = ensemble.machine(3);
  const boot = machine.boot.bind(machine);
  let other: { close(): void } | undefined;
  machine.boot = options => {
    const runtime = boot(options);
    const taken = { onListening() {}, onConnection: (it: Connection) => it.destroy(), onError() {} };
    other = runtime.network.listen({ host: nameOf(3), port: ELECTION_PORT }, taken);
    return runtime;
  };
  ensemble.boot();
  ensemble.time.advance(300_000);
  assert.is(ensemble.fatal.size, 0);
  other?.close();
  ensemble.waitServing(1, 2, 3);
});

test('an observer master port that is taken causes one error; the member serves, and observers go elsewhere', () => {
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
  for (const sid of [1, 2]) {
    const ensemble = new MemoryEnsemble({ voters: 2, observers: 1, settings });
    takePort(ensemble, sid, OBSERVER_MASTER_PORT);
    ensemble.start();
    ensemble.time.advance(60_000);
    assert.is(ensemble.fatal.size, 0);
    assert.is(ensemble.server(3).view.serving?.mode, 'observer');
    const errors = ensemble.messages(sid, 'error').join();
    assert.match(errors, /^observer master port zk\d:2191 cannot be bound: EADDRINUSE[^,]*$/);
  }
});

test('a server that stops reports that acknowledged writes are on disk, closes its ports and leaves no timer', () => {
  for (const voters of [0, 2]) {
    const ensemble = new MemoryEnsemble({ voters }).start();
    const client = MemoryClient.open(ensemble);
    client.create('/a', 'x');
    let stopped = false;
    ensemble.server(1).stop(() => {
      stopped = true;
    });
    ensemble.wait(() => stopped && client.raw.closed !== null, 'the stop');
    for (const other of ensemble.sids) if (other !== 1) ensemble.kill(other);
    const visitor = ensemble.network.host('late', new VirtualClock(ensemble.time));
    let refused = false;
    visitor.connect({ host: nameOf(1), port: CLIENT_PORT }, 1000, {
      onConnected: () => assert.unreachable(),
      onError: () => {
        refused = true;
      },
    });
    ensemble.time.runUntilIdle(10_000);
    assert.ok(refused);
    ensemble.kill(1, 'power');
    ensemble.start();
    assert.is(MemoryClient.open(ensemble).get('/a'), 'x');
  }
});

test('field report C3, ZOOKEEPER-2184: a name that is not known yet ends no server, which listens and is reached once the name is known', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 });
  const late = 'zk3';
  ensemble.network.setUnknown(late, true);
  ensemble.boot();
  ensemble.wait(() => ensemble.leader !== -1, 'the two others');
  ensemble.time.advance(60_000);
  assert.equal([...ensemble.fatal.values()], []);
  const host = () => ensemble.network.find(late)!;
  assert.is(host().listenerAt(ELECTION_PORT), undefined);
  ensemble.network.setUnknown(late, false);
  ensemble.wait(() => host().listenerAt(ELECTION_PORT) !== undefined, 'the election port of the third');
  const [other] = [1, 2].filter(sid => sid !== ensemble.leader);
  ensemble.kill(ensemble.leader);
  ensemble.wait(() => [3, other].includes(ensemble.leader), 'a leader of two, of which one was late');
});

test('field report C3: a client port waits for the name of its address, and then serves', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings: { clientPortAddress: 'zk1' } });
  ensemble.network.setUnknown('zk1', true);
  ensemble.boot();
  ensemble.time.advance(60_000);
  assert.equal([...ensemble.fatal.values()], []);
  ensemble.network.setUnknown('zk1', false);
  ensemble.wait(() => ensemble.network.find('zk1')!.listenerAt(CLIENT_PORT) !== undefined, 'the client port');
});
