import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { Hold } from '../../processors/server-cnxn.ts';
import { ClientInput } from './client-input.ts';
import { GATHER_STALLED_MS, GATHERED_BYTES_MIN, type InputHolder, InputLedger } from './input-ledger.ts';

const test = suite('clients: what is kept of their input');

class Holder implements InputHolder {
  readonly holds = new Set<Hold>();
  hold(reason: Hold): void {
    this.holds.add(reason);
  }
  release(reason: Hold): void {
    this.holds.delete(reason);
  }
}

const FRAME_BYTES = 8 * GATHERED_BYTES_MIN;

/** A client in the middle of a frame of `FRAME_BYTES`. */
class Gatherer extends Holder {
  readonly input: ClientInput;
  #sent = 0;

  constructor(ledger: InputLedger) {
    super();
    this.input = new ClientInput(FRAME_BYTES, ledger, this);
    const head = Buffer.alloc(4);
    head.writeInt32BE(FRAME_BYTES);
    this.#feed(head);
  }

  #feed(bytes: Buffer): void {
    this.input.frames.add(bytes);
    if (this.input.frames.peek()) this.input.frames.take();
    this.input.recount(null);
  }

  /** As much of the frame, unless nobody reads it. */
  send(bytes: number): void {
    if (this.holds.size > 0) return;
    const count = Math.min(bytes, FRAME_BYTES - this.#sent);
    this.#sent += count;
    this.#feed(Buffer.alloc(count));
  }

  get whole(): boolean {
    return this.#sent === FRAME_BYTES;
  }
}

test('field report B5: at the limit on requests under way nobody submits more; all resume when half is done', () => {
  const ledger = new InputLedger({ submittedBytesMax: 100, keptBytesMax: 1000, gatherersMax: 1 });
  const [a, b] = [new Holder(), new Holder()];
  ledger.add(99, 0);
  assert.is(ledger.isFull, false);
  ledger.add(50, 0);
  assert.is(ledger.isFull, true);
  for (const holder of [a, b]) ledger.wait(holder);
  assert.ok(a.holds.has(Hold.submitted) && b.holds.has(Hold.submitted));
  ledger.add(-98, 0);
  assert.ok(a.holds.has(Hold.submitted), 'not yet');
  ledger.forget(b);
  ledger.add(-1, 0);
  assert.not(a.holds.has(Hold.submitted));
  assert.ok(b.holds.has(Hold.submitted), 'who is gone is not called any more');
});

test('field report B5: above half the limit few connections send frames at a time, and all frames complete', () => {
  const COUNT = 40;
  const keptBytesMax = 30 * FRAME_BYTES;
  const ledger = new InputLedger({ submittedBytesMax: 1, keptBytesMax, gatherersMax: 4 });
  const gatherers = Array.from({ length: COUNT }, () => new Gatherer(ledger));
  let most = 0;
  let heldMost = 0;
  for (let round = 0; round < 1000 && gatherers.some(each => !each.whole); round++) {
    for (const each of gatherers) {
      each.send(GATHERED_BYTES_MIN);
      most = Math.max(most, ledger.keptBytes);
    }
    heldMost = Math.max(heldMost, gatherers.filter(each => each.holds.size > 0).length);
  }
  assert.ok(gatherers.every(each => each.whole && each.holds.size === 0));
  assert.ok(heldMost > COUNT / 2, `${heldMost} were held`);
  assert.ok(most < keptBytesMax, `${most} bytes were kept`);
  assert.is(ledger.keptBytes, 0);
});

test('a closed connection makes room, and the server reads from the ones behind it', () => {
  const ledger = new InputLedger({ submittedBytesMax: 1, keptBytesMax: 2 * FRAME_BYTES, gatherersMax: 1 });
  const [first, second, third] = [new Gatherer(ledger), new Gatherer(ledger), new Gatherer(ledger)];
  for (const each of [first, second, third]) each.send(5 * GATHERED_BYTES_MIN);
  assert.equal([first.holds.size, second.holds.size, third.holds.size], [0, 1, 1]);
  first.input.stop();
  assert.is(second.holds.size, 0);
  second.send(FRAME_BYTES);
  assert.ok(second.whole);
  assert.is(third.holds.size, 0);
});

test('a chosen connection whose frame makes no progress is found; nobody is while there is room, or while it is held', () => {
  const ledger = new InputLedger({ submittedBytesMax: 1, keptBytesMax: 2 * FRAME_BYTES, gatherersMax: 1 });
  const [first, second] = [new Gatherer(ledger), new Gatherer(ledger)];
  first.send(3 * GATHERED_BYTES_MIN);
  let nowMs = 0;
  const looks = (gatherer: Gatherer): boolean[] => {
    const seen: boolean[] = [];
    for (let look = 0; look < 4; look++) {
      nowMs += GATHER_STALLED_MS / 2;
      seen.push(gatherer.input.stallsOthers(nowMs));
    }
    return seen;
  };
  assert.equal(looks(first), [false, false, false, false], 'there is room');
  second.send(6 * GATHERED_BYTES_MIN);
  assert.equal(looks(first), [false, false, true, true]);
  assert.equal(looks(second), [false, false, false, false], 'it is held');
  first.send(1);
  assert.is(looks(first)[0], false, 'it went on');
});

test('property: the ledger holds what its connections keep, and nothing of those that are gone', () => {
  const step = fc.record({ who: fc.nat(5), bytes: fc.nat(2 * FRAME_BYTES), gone: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step), steps => {
      const ledger = new InputLedger({
        submittedBytesMax: 1,
        keptBytesMax: 5 * FRAME_BYTES,
        gatherersMax: 2,
      });
      const gatherers = Array.from({ length: 6 }, () => new Gatherer(ledger));
      for (const { who, bytes, gone } of steps) {
        if (gone === 0) gatherers[who]!.input.stop();
        else gatherers[who]!.send(bytes);
        const kept = gatherers.reduce((sum, { input }) => sum + input.frames.bytesKept, 0);
        assert.is(ledger.keptBytes, kept);
      }
      for (const { input } of gatherers) input.stop();
      assert.is(ledger.keptBytes, 0);
    }),
  );
});
