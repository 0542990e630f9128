import { setTimeout as sleep } from 'node:timers/promises';
import { assert, suite } from '#test';
import { LoadError } from '../../../bench/load/load-error.ts';
import { readSuite } from '../suites.ts';
import { besideReads, type ReadLoad } from './reads.ts';

const test = suite('chaos/experiments: reads beside writes');

test('reads that fail end the cell, but not before the writes beside them are over', async () => {
  const driver = { run: async () => Promise.reject(new LoadError('no session')), abort() {} };
  const { load } = readSuite('quick');
  const reads = { driver, write: { load, seed: 1 }, sessionsPerMember: 1, depth: 1 } as unknown as ReadLoad;
  let isOver = false;
  const writes = async () => {
    await sleep(30);
    isOver = true;
  };
  const said = await besideReads(reads, [], writes).catch((error: Error) => error.message);
  assert.is(said, 'no session');
  assert.ok(isOver, 'its driver is free for the next cell');
});
