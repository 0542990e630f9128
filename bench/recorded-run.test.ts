import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { readEvents } from '../results/events.ts';
import { minimalResult } from '../results/fixtures/minimal.ts';
import { recordRun } from './recorded-run.ts';
import { UsageError } from './usage-error.ts';

const test = suite('bench: recorded runs');
const SILENT = { print: () => {}, progress: () => {}, json: () => {}, error: () => {}, end: () => {} };

test('a run that writes its result keeps its folder, with the events', async () => {
  const root = temporaryFolder();
  const path = await recordRun(SILENT, { name: 'whole', json: false, root }, async run => {
    run.events.emit({ kind: 'note', text: 'begun' });
    await run.write(minimalResult());
    run.events.emit({ kind: 'note', text: 'written' });
    return run.path;
  });
  assert.equal(readdirSync(path).sort(), ['events.ndjson', 'result.json']);
  assert.equal(
    readEvents(path).map(event => event.kind === 'note' && event.text),
    ['begun', 'written'],
  );
});

test('events are in the file while the run goes on, and reach the terminal', async () => {
  const lines: string[] = [];
  const terminal = { ...SILENT, progress: (text: string) => void lines.push(text) };
  await recordRun(terminal, { name: 'live', json: false, root: temporaryFolder() }, async run => {
    run.events.emit({ kind: 'note', text: 'half way' });
    assert.is(readEvents(run.path).length, 1);
  });
  assert.equal(lines, ['0:00  half way']);
});

test('a run without a result leaves nothing, whether it ends or fails', async () => {
  const root = temporaryFolder();
  const options = { name: 'none', json: false, root };
  await recordRun(SILENT, options, async () => {});
  const failed = recordRun(SILENT, options, async () => {
    throw new Error('no ensemble');
  });
  assert.match(await failed.then(String, String), 'no ensemble');
  assert.equal(readdirSync(root), []);
});

test('a run that measured something keeps its events, though it failed before it had a result', async () => {
  const root = temporaryFolder();
  const said: string[] = [];
  const terminal = { ...SILENT, progress: (text: string) => void said.push(text) };
  const failed = recordRun(terminal, { name: 'half', json: false, root }, async ({ events }) => {
    const place = { topology: 'voters', condition: 'healthy', round: 0 };
    events.emit({ kind: 'sample', ...place, metric: 'writeThroughput', value: 5 });
    throw new Error('a defect');
  });
  assert.match(await failed.then(String, String), 'a defect');
  const [folder = ''] = readdirSync(root);
  assert.is(readEvents(join(root, folder)).length, 1);
  assert.equal(said, [`what was measured until then is in ${join(root, folder, 'events.ndjson')}`]);
});

test('a run that has only events keeps them, whether it ends or fails, but not after a usage error', async () => {
  const root = temporaryFolder();
  const refused = recordRun(SILENT, { name: 'none', json: false, root, eventsAlone: true }, async () => {
    throw new UsageError('no task matches');
  });
  assert.match(await refused.then(String, String), 'no task matches');
  assert.equal(readdirSync(root), []);
  await recordRun(SILENT, { name: 'seeds', json: false, root, eventsAlone: true }, async run => {
    run.events.emit({ kind: 'note', text: 'seed 1 failed' });
    throw new Error('out of memory');
  }).catch(() => {});
  const [folder = ''] = readdirSync(root);
  assert.is(readEvents(join(root, folder)).length, 1);
});
