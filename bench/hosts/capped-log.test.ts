import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { CappedLog } from './capped-log.ts';

const test = suite('capped log');

test('a short log is one file', () => {
  const folder = temporaryFolder();
  const log = logOf(folder, 4_000, ['one\n', 'two\n']);
  assert.equal(readdirSync(folder), ['x.log']);
  assert.is(readFileSync(log.file, 'utf8'), 'one\ntwo\n');
  assert.is(log.tail(1), 'two');
  assert.ok(log.isWhole);
});

test('a long log keeps its beginning and its end, and never more than the limit', () => {
  const folder = temporaryFolder();
  const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i}\n`);
  const log = logOf(folder, 8_000, lines);
  const files = readdirSync(folder).sort();
  assert.equal(files, ['x.log', 'x.log.end', 'x.log.end.1']);
  const bytes = files.map(file => statSync(join(folder, file)).size).reduce((a, b) => a + b);
  assert.ok(bytes <= 8_000, `${bytes} bytes`);
  assert.match(readFileSync(log.file, 'utf8'), /^line 0\nline 1\n/);
  const end = readFileSync(`${log.file}.end.1`, 'utf8') + readFileSync(`${log.file}.end`, 'utf8');
  assert.match(end, /line 4998\nline 4999\n$/);
  assert.is(log.tail(2), 'line 4998\nline 4999');
  assert.is(log.content(), readFileSync(log.file, 'utf8') + end);
  assert.not.ok(log.isWhole);
  const within = logOf(temporaryFolder(), 8_000, lines.slice(0, 600));
  assert.is(within.content(), lines.slice(0, 600).join(''));
  assert.ok(within.isWhole, 'three parts hold all of it');
});

test('a chunk above the limit is cut, and a closed log accepts no more', () => {
  const folder = temporaryFolder();
  const log = logOf(folder, 400, ['x'.repeat(10_000)]);
  log.write(Buffer.from('late'));
  assert.ok(statSync(`${log.file}.end`).size <= 100);
});

test('a disk that takes no more does not end the lab: the end of the log is kept in memory, and it says so', () => {
  const folder = temporaryFolder();
  // Where the next part should be is a folder, so it cannot be opened.
  mkdirSync(join(folder, 'x.log.end'));
  const log = logOf(folder, 40, ['one\n', 'two\n', 'three\n']);
  assert.is(log.tail(1), 'three');
  assert.match(
    log.content(),
    /^one\ntwo\n\n\(zklab could store no more of this log: EISDIR.*ended with\)\none\ntwo\nthree/,
  );
});

function logOf(folder: string, bytesMax: number, chunks: readonly string[]): CappedLog {
  const log = new CappedLog(join(folder, 'x.log'), bytesMax);
  for (const chunk of chunks) log.write(Buffer.from(chunk));
  log.close();
  return log;
}
