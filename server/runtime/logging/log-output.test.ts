import { assert, suite } from '#test';
import { LOG_BACKLOG_BYTES_MAX, LogOutput } from './log-output.ts';

const test = suite('runtime: what the log goes to');

/** Takes `room` bytes, then fails with `code`. */
class Device {
  room = Number.POSITIVE_INFINITY;
  code = 'EAGAIN';
  readonly #taken: Buffer[] = [];
  calls = 0;

  write(bytes: Uint8Array): number {
    this.calls++;
    const count = Math.min(this.room, bytes.length);
    if (count === 0) throw Object.assign(new Error(`${this.code}: write`), { code: this.code });
    this.#taken.push(Buffer.from(bytes.subarray(0, count)));
    this.room -= count;
    return count;
  }

  get text(): string {
    return Buffer.concat(this.#taken).toString('utf8');
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

function setUp() {
  const device = new Device();
  const retries: { delayMs: number; run: () => void }[] = [];
  const output = new LogOutput({
    device,
    after: (delayMs, run) => void retries.push({ delayMs, run }),
    lossReport: (linesDropped, reason) => `dropped ${linesDropped} ${reason}\n`,
  });
  return { device, output, retries, retry: () => retries.shift()?.run() };
}

test('the device has a line when write returns, so a crash right after does not lose it', () => {
  const { device, output, retries } = setUp();
  output.write('one\n');
  output.write('two\n');
  assert.is(device.text, 'one\ntwo\n');
  assert.is(device.calls, 2);
  assert.equal(retries, []);
});

test('field report B8: lines that a slow pipe does not take wait, and arrive complete and in order', () => {
  const lines = Array.from({ length: 40 }, (_, n) => `${n} ${'ä'.repeat(n)}\n`);
  const bytes = Buffer.byteLength(lines.join(''));
  for (let room = 0; room < bytes; room++) {
    const { device, output, retries, retry } = setUp();
    device.room = room;
    for (const line of lines) output.write(line);
    assert.is(output.bytesWaiting, bytes - room);
    assert.is(retries.length, 1, 'one timer, however many lines wait');
    device.room = 1;
    retry();
    assert.is(output.bytesWaiting, bytes - room - 1);
    device.room = Number.POSITIVE_INFINITY;
    retry();
    assert.is(device.text, lines.join(''), `cut at ${room}`);
    assert.equal(retries, [], 'nothing waits, nothing is tried again');
    assert.is(output.linesDropped, 0);
    output.write('after\n');
    assert.ok(device.text.endsWith('after\n'));
  }
});

test('a slow pipe is tried again soon, a full disk once a second', () => {
  for (const [code, delayMs] of [
    ['EAGAIN', 10],
    ['ENOSPC', 1000],
    ['EPIPE', 1000],
    ['EIO', 1000],
  ] as const) {
    const { device, output, retries } = setUp();
    device.code = code;
    device.room = 0;
    output.write('one\n');
    assert.is(retries[0]?.delayMs, delayMs, code);
  }
});

test('field report B8: above the bound the oldest lines are dropped and counted, and one line says how many and where', () => {
  const { device, output, retry } = setUp();
  const line = (n: number) => `${String(n).padStart(1023, '.')}\n`;
  const kept = LOG_BACKLOG_BYTES_MAX / 1024;
  output.write('before\n');
  device.code = 'ENOSPC';
  device.room = 100;
  const count = kept + 8;
  for (let n = 0; n < count; n++) {
    output.write(line(n));
    assert.ok(output.bytesWaiting <= LOG_BACKLOG_BYTES_MAX + 1024, `${output.bytesWaiting} bytes wait`);
  }
  // The first line was on its way. The last ones are kept, because they would explain a crash.
  assert.is(output.linesDropped, 7);
  device.room = Number.POSITIVE_INFINITY;
  retry();
  const numbers = device.lines.map(text => Number(text.replace(/^\.*/, '')));
  assert.equal(device.lines.slice(0, 3), ['before', line(0).trim(), 'dropped 7 ENOSPC']);
  assert.equal(
    numbers.slice(3),
    Array.from({ length: kept }, (_, n) => n + 8),
  );
  output.write('after\n');
  assert.is(device.lines.at(-1), 'after', 'said once');
  assert.is(output.linesDropped, 7, 'counted for good');
});

test('lines dropped while a report waits are in the next report', () => {
  const { device, output, retry } = setUp();
  const line = `${'x'.repeat(1023)}\n`;
  const overflow = (count: number) => {
    for (let n = 0; n < count; n++) output.write(line);
  };
  device.room = 0;
  overflow(1 + 1024 + 3);
  device.room = 1024 + 4;
  retry();
  overflow(2);
  device.room = Number.POSITIVE_INFINITY;
  retry();
  const reports = device.lines.filter(text => text.startsWith('dropped'));
  assert.equal(reports, ['dropped 3 EAGAIN', 'dropped 2 EAGAIN']);
  assert.is(device.lines.length - reports.length, 1 + 1024 + 3 + 2 - output.linesDropped);
});

test('a device that fails forever costs one call per retry, whatever is logged', () => {
  const { device, output, retry } = setUp();
  device.code = 'EPIPE';
  device.room = 0;
  for (let n = 0; n < 10_000; n++) output.write(`${n}\n`);
  assert.is(device.calls, 1);
  retry();
  assert.is(device.calls, 2);
});
