import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert, suite, temporaryFolder } from '#test';
import { check } from '../../checkers/index.ts';
import { Story } from '../../checkers/testing/story.ts';
import { HISTORY_FILE, HistoryFile, readHistory } from './history-file.ts';
import { keepRecord, readRecord } from './kept-record.ts';

const test = suite('workloads: histories on disk');

function story(): Story {
  const zxid = 0x1_0000_0001;
  return new Story()
    .next('create', '/a', { value: 'é "1"' }, { zxid, created: '/a' })
    .next(
      'setData',
      '/a',
      { value: 'v1', version: 0 },
      { zxid: zxid + 1, version: 1, server: '127.0.0.1:2181' },
    )
    .open('setData', '/a', { value: 'v2' })
    .next('getData', '/a', {}, { value: 'v1', version: 1, mzxid: zxid + 1, zxid: zxid + 1 });
}

async function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => '',
    (error: Error) => error.message,
  );
}

function written(folder: string, events = story().events): string {
  const path = join(folder, HISTORY_FILE);
  const file = new HistoryFile(path);
  for (const event of events) file.write(event);
  file.close();
  assert.is(file.problem, undefined);
  return path;
}

test('a history is read back as it was, also from its compressed form', async () => {
  const path = written(temporaryFolder());
  assert.equal(await readHistory(path), story().events);
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  rmSync(path);
  assert.equal(await readHistory(path), story().events);
});

test('what a killed lab left of its last line is left out; a broken line with more behind it is an error', async () => {
  const path = written(temporaryFolder());
  appendFileSync(path, '{"index":7,"type":"ok","opera');
  assert.equal(await readHistory(path), story().events);
  appendFileSync(path, '\n{}\n');
  assert.match(await errorOf(readHistory(path)), /history\.ndjson, line 8: /);
});

test('a completion without its invoke, and a missing file, are errors that name the file', async () => {
  const folder = temporaryFolder();
  const path = join(folder, HISTORY_FILE);
  assert.is(await errorOf(readHistory(path)), `${path} does not exist`);
  writeFileSync(path, '{"index":0,"type":"ok","operation":3}\n{"index":1,"type":"ok","operation":4}\n');
  assert.match(await errorOf(readHistory(path)), /line 1: operation 3 ends and has not begun/);
});

test('a full disk costs the file, not the run', () => {
  const file = new HistoryFile('/dev/full');
  for (const event of story().events) file.write(event);
  file.close();
  assert.match(file.problem ?? '', /ENOSPC/);
});

test('a record is judged the same before and after it was on disk', async () => {
  const folder = temporaryFolder();
  written(folder);
  const record = {
    history: story().events,
    finalTrees: [
      new Map([
        ['/a', { value: 'v1', version: 1, mzxid: 0x1_0000_0002 }],
        ['/b', undefined],
      ]),
    ],
    memberTrees: [
      { member: 'v1', zxid: 7, digest: 'd' },
      { member: 'v2', zxid: 7, digest: 'd' },
    ],
    transactions: [{ zxid: 1, timeMs: 2, session: '1', change: { f: 'delete' as const, path: '/x' } }],
    aftermath: { healedAtMs: 0, recoverMaxMs: 10, notServing: undefined },
    deaths: { ended: [], members: 2 },
  };
  await keepRecord(folder, record, { judgedBy: ['write order'], violations: ['client 1: odd'] });
  const kept = await readRecord(folder);
  assert.equal(kept.about, { judgedBy: ['write order'], violations: ['client 1: odd'] });
  assert.equal(kept.record.finalTrees, record.finalTrees);
  assert.equal(check(kept.record), check(record));
});

test('long parts are compressed', async () => {
  const folder = temporaryFolder();
  written(folder);
  const transactions = Array.from({ length: 200_000 }, (_, at) => ({
    ...{ zxid: at, timeMs: at, session: '1' },
    change: { f: 'delete' as const, path: '/x' },
  }));
  await keepRecord(folder, { history: [], transactions }, { judgedBy: [], violations: [] });
  assert.throws(() => readFileSync(join(folder, 'transactions.ndjson')), /ENOENT/);
  assert.equal((await readRecord(folder)).record.transactions?.length, transactions.length);
});
