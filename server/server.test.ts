import { assert, suite } from '#test';
import { body, MemoryClient } from './memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble, nameOf } from './memory-ensemble.test-kit.ts';
import { VirtualClock } from './runtime/virtual-clock.ts';
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

test('a sync that fails ends the server: what the cache held may be gone, so it is never tried again', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const { disk } = ensemble.machine(1);
  disk.failSync = () => failing('EIO');
  const last = client.send(OpCode.create, body.create('/lost'));
  ensemble.wait(() => ensemble.fatal.size > 0, 'the end');
  assert.is(ensemble.fatal.get(1)!.code, 'ZK_DISK');
  assert.ok(client.replies.every(reply => reply.xid !== last));
});

test('a leader whose disk fails leaves, the others go on with all that was acknowledged', () => {
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

test('a client port that is taken ends the server with ZK_LISTEN and the address', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 });
  const machine = ensemble.machine(1);
  const boot = machine.boot.bind(machine);
  machine.boot = options => {
    const runtime = boot(options);
    const taken = { onListening() {}, onConnection() {}, onError() {} };
    runtime.network.listen({ host: nameOf(1), port: CLIENT_PORT }, taken);
    return runtime;
  };
  ensemble.boot();
  ensemble.wait(() => ensemble.fatal.size > 0, 'the end');
  assert.is(ensemble.fatal.get(1)!.code, 'ZK_LISTEN');
  assert.match(ensemble.fatal.get(1)!.message, /client port .*2181.*EADDRINUSE/);
});

test('a server that stops says what it acknowledged is on disk, closes its ports and leaves no timer', () => {
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
