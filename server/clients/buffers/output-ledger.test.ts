import { assert, suite } from '#test';
import { OUTPUT_HIGH_WATER_BYTES } from '../../runtime/runtime.ts';
import { OutputLedger } from './output-ledger.ts';

const test = suite('clients: what waits to be read by them');

test('copied bytes count for each client, shared bytes once, until the last client has them', () => {
  const ledger = new OutputLedger(1_000_000);
  const shared = Buffer.alloc(300);
  ledger.add(100);
  ledger.add(50);
  ledger.add(-30);
  for (let i = 0; i < 5; i++) ledger.keep(shared);
  ledger.keep(Buffer.alloc(7));
  assert.is(ledger.bytes, 120 + 300 + 7);
  for (let i = 0; i < 4; i++) ledger.letGo(shared);
  assert.is(ledger.bytes, 120 + 300 + 7);
  ledger.letGo(shared);
  assert.is(ledger.bytes, 120 + 7);
  ledger.letGo(shared);
  assert.is(ledger.bytes, 120 + 7, 'once too often takes nothing away');
});

test('above half the limit answers stop earlier for all clients; above all of it one client is cut off', () => {
  const ledger = new OutputLedger(8_000_000);
  assert.is(ledger.highWaterBytes, OUTPUT_HIGH_WATER_BYTES);
  ledger.add(4_000_000);
  assert.ok(ledger.highWaterBytes < OUTPUT_HIGH_WATER_BYTES / 10);
  assert.equal([ledger.isOver, ledger.isEased], [false, true]);
  ledger.add(4_000_001);
  assert.equal([ledger.isOver, ledger.isEased], [true, false]);
  ledger.add(-500_000);
  assert.equal([ledger.isOver, ledger.isEased], [false, false]);
  ledger.add(-500_001);
  assert.is(ledger.isEased, true);
});
