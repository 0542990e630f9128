import { assert, suite } from '#test';
import { type Finding, type Night, nightSchema } from '../../results/night.ts';
import { nightJunit } from './junit.ts';
import { chatLine } from './lines.ts';
import { nightMarkdown } from './markdown.ts';

const test = suite('dashboards/night');

const finding = (status: Finding['status'], key: string, more: Partial<Finding> = {}): Finding => ({
  ...{ part: 'chaos', key, status, reasons: ['acknowledged writes: "/a" <lost> | gone'], isConfirmed: true },
  ...{ since: '2026-08-01T02:00:00.000Z', command: 'zklab chaos f.yaml', ...more },
});

const NIGHT: Night = nightSchema.parse({
  ...{ nightVersion: 1, id: '2026-08-02T02-00-00Z-night', commit: '0123456789abcdef', budgetSeconds: 28_800 },
  ...{ startedAt: '2026-08-02T02:00:00.000Z', endedAt: '2026-08-02T10:00:00.000Z', exitCode: 1 },
  parts: [
    { part: 'claims', outcome: 'skipped', seconds: 0, text: 'less than 45 minutes' },
    { part: 'chaos', outcome: 'failed', seconds: 20_000, text: '300 runs', folder: '/runs/x' },
    { part: 'sim', outcome: 'void', seconds: 5_000, text: 'nothing was run' },
  ],
  findings: [
    finding('new', 'chaos: acknowledged writes', { seen: { failed: 2, of: 3 } }),
    finding('still', 'chaos: watches', { isConfirmed: false, seen: { failed: 0, of: 9 } }),
    finding('known', 'chaos: sessions', { known: 'ticket 7' }),
  ],
  mended: [{ part: 'sim', key: 'sim: a leader', since: '2026-08-01T02:00:00.000Z' }],
  last: '2026-08-01T02-00-00Z-night',
});

test('a chat gets one line with the verdict, the counts and the first news', () => {
  assert.is(
    chatLine(NIGHT),
    'zklab night 2026-08-02 at 012345678: RED (1 new, 1 still failing, 1 known, 1 mended; claims skipped, chaos failed, sim void); first: chaos: acknowledged writes',
  );
  assert.match(
    chatLine({ ...NIGHT, findings: [], mended: [], exitCode: 0 }),
    /: green \(0 new, 0 still failing, 0 known;/,
  );
  assert.match(
    chatLine({ ...NIGHT, findings: [], mended: [], exitCode: 3 }),
    /sim void\); sim: nothing was run$/,
  );
});

test('Markdown has every part and finding, and no text of a server breaks out of it', () => {
  const text = nightMarkdown(NIGHT);
  assert.match(text, /\| chaos \| failed \| 20000 s \| 300 runs, `\/runs\/x` \|/);
  assert.match(text, /- NEW: chaos: acknowledged writes, 2 of 3 times\n/);
  assert.match(text, /- still since 2026-08-01: chaos: watches, 0 of 9 times, did not come again\n/);
  assert.match(text, /- known: chaos: sessions \(ticket 7\)\n/);
  assert.match(text, /&lt;lost&gt; \\\| gone/);
  assert.match(text, /Mended: sim: a leader\n\nCompared with 2026-08-01T02-00-00Z-night\.\n$/);
});

test('JUnit tells failures from known ones, which are skipped, and void parts, which are errors', () => {
  const xml = nightJunit(NIGHT);
  assert.match(xml, /<testsuite name="chaos" tests="4" failures="2" errors="0" skipped="1" time="20000">/);
  assert.match(xml, /<testsuite name="sim" tests="1" failures="0" errors="1" skipped="0"/);
  assert.match(
    xml,
    /<failure message="NEW: chaos: acknowledged writes, 2 of 3 times&#10;acknowledged writes: &quot;\/a&quot; &lt;lost&gt;/,
  );
  assert.is(xml.match(/<testcase /g)?.length, 6);
});
