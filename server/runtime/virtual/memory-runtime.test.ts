import { assert, suite } from '#test';
import type { Runtime } from '../runtime.ts';
import { SeededRandom } from '../seeded-random.ts';
import { MemoryNetwork } from './memory-network.ts';
import { MemoryMachine, memoryRuntime } from './memory-runtime.ts';
import { VirtualTime } from './virtual-time.ts';

const test = suite('runtime: a machine in virtual time');

function machine(): { time: VirtualTime; machine: MemoryMachine } {
  const time = new VirtualTime();
  const random = new SeededRandom('machine');
  const network = new MemoryNetwork(time, { random });
  return { time, machine: new MemoryMachine({ network, name: 'zk1', random }) };
}

function writeFile(runtime: Runtime, path: string, text: string, synced: boolean): void {
  runtime.disk.makeDirectory('/data');
  const file = runtime.disk.open(path, 'w');
  file.writeAt(0, Buffer.from(text));
  if (synced) file.syncNow();
  if (synced) runtime.disk.syncDirectory('/data');
  file.close();
}

test('a killed process leaves its files, synced or not; its timers and syncs never call back', () => {
  const { time, machine: zk1 } = machine();
  const first = zk1.boot();
  let late = 0;
  first.clock.after(10, () => late++);
  writeFile(first, '/data/a', 'unsynced', false);
  first.disk.open('/data/a', 'a+').sync(() => late++);
  zk1.crash('kill');
  time.runUntilIdle();
  assert.is(late, 0);
  assert.is(zk1.boot().disk.read('/data/a').toString(), 'unsynced');
});

test('a power loss keeps what was synced', () => {
  const { machine: zk1 } = machine();
  writeFile(zk1.boot(), '/data/a', 'synced', true);
  zk1.crash('power');
  assert.is(zk1.boot().disk.read('/data/a').toString(), 'synced');
});

test('a power loss drops an unsynced file for some seeds at least', () => {
  let lost = 0;
  for (let seed = 0; seed < 20; seed++) {
    const network = new MemoryNetwork(new VirtualTime());
    const zk1 = new MemoryMachine({ network, name: 'zk1', random: new SeededRandom(seed) });
    writeFile(zk1.boot(), '/data/a', 'unsynced', false);
    zk1.crash('power');
    const { disk } = zk1.boot();
    if (!disk.exists('/data/a') || disk.read('/data/a').toString() !== 'unsynced') lost++;
  }
  assert.ok(lost > 0 && lost < 20, `${lost} of 20`);
});

test('every boot has randomness of its own; the same boot of the same seed has the same', () => {
  const a = machine().machine;
  const b = machine().machine;
  const first = a.boot().random.float();
  assert.is(b.boot().random.float(), first);
  a.crash('kill');
  assert.is.not(a.boot().random.float(), first);
});

test('one machine runs one process', () => {
  const { machine: zk1 } = machine();
  zk1.boot();
  assert.throws(() => zk1.boot(), /zk1 is running already/);
});

test('HTTP handlers are called directly, by port', () => {
  const time = new VirtualTime();
  const runtime = memoryRuntime(time);
  let port = 0;
  const server = runtime.http.listen(
    { host: '', port: 0 },
    request => ({ status: 200, contentType: 'text/plain', body: request.path }),
    (_error, bound) => {
      port = bound;
    },
  );
  time.runUntilIdle();
  assert.equal(runtime.http.request(port, { path: '/commands' }), {
    status: 200,
    contentType: 'text/plain',
    body: '/commands',
  });
  server.close();
  assert.throws(() => runtime.http.request(port, {}), /ECONNREFUSED/);
});
