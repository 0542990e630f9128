import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { ReconfigRequest } from '../../server/wire/requests.ts';
import { membersOf, versionOf } from '../checkers/configuration-text.ts';
import { drawReconfig, isHome, linesOf, reconfigHome } from './reconfiguration-draw.ts';

const test = suite('workloads: which reconfiguration is asked for');

const line = (sid: number, role: string) =>
  `server.${sid}=127.0.0.${sid}:2888:3888:${role};127.0.0.${sid}:2181`;

/** What a leader makes of it; undefined when it refuses. */
function applied(present: string, asked: ReconfigRequest, version: number): string | undefined {
  if (asked.curConfigId !== -1 && asked.curConfigId !== versionOf(present)) return undefined;
  const lines = new Map(linesOf(asked.newMembers?.replaceAll(',', '\n') ?? present));
  for (const sid of asked.leaving?.split(',') ?? []) lines.delete(Number(sid));
  for (const [sid, joining] of linesOf((asked.joining ?? '').replaceAll(',', '\n'))) lines.set(sid, joining);
  return [...lines.values(), `version=${version.toString(16)}`].join('\n');
}

test('there are always enough voters, every kind of change comes, and the way back leads home', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 3 }),
      (seed, voters, observers) => {
        const random = new SeededRandom(seed);
        const roles = Array.from({ length: voters + observers }, (_, at) =>
          at < voters ? 'participant' : 'observer',
        );
        const first = [...roles.map((role, at) => line(at + 1, role)), 'version=1'].join('\n');
        const home = linesOf(first);
        let present = first;
        for (let version = 2; version < 40; version++) {
          const asked = drawReconfig(random, { present, home, wrongVersions: [0x77] });
          present = applied(present, asked, version) ?? present;
          const now = membersOf(present);
          assert.ok(now.every(({ sid }) => home.has(sid)));
          assert.ok(now.filter(({ role }) => role === 'participant').length >= Math.min(3, voters), present);
        }
        assert.ok(isHome(applied(present, reconfigHome({ present, home }), 99)!, home));
      },
    ),
    { numRuns: 100 },
  );
  const random = new SeededRandom('kinds');
  const first = [
    line(1, 'participant'),
    line(2, 'participant'),
    line(3, 'participant'),
    line(4, 'observer'),
    'version=5',
  ];
  const from = { present: first.join('\n'), home: linesOf(first.join('\n')), wrongVersions: [4] };
  const kinds = new Set(
    Array.from({ length: 200 }, () => drawReconfig(random, from)).map(
      ({ joining, leaving, newMembers, curConfigId }) =>
        `${newMembers !== null ? 'whole' : leaving !== null ? 'leaves' : joining === first[3] ? 'as it is' : /4=.*participant/.test(joining ?? '') ? 'promoted' : 'as it is'} ${curConfigId}`,
    ),
  );
  assert.equal(
    [...kinds].sort(),
    ['as it is', 'leaves', 'promoted', 'whole'].flatMap(kind => [-1, 4, 5].map(id => `${kind} ${id}`)).sort(),
  );
});
