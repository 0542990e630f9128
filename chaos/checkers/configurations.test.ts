import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { checkConfigurations } from './configurations.ts';
import { checkLeaders } from './leaders.ts';
import type { MemberEvent } from './run-record.ts';
import { Story } from './testing/story.ts';

const test = suite('checkers: configurations');

const CONFIG = '/zookeeper/config';
const line = (sid: number, role = 'participant') => `server.${sid}=127.0.0.${sid}:2888:3888:${role};2181`;
const text = (version: number, ...lines: string[]) => `${lines.join('\n')}\nversion=${version.toString(16)}`;
const THREE = [line(1), line(2), line(3)];
const FOUR = [...THREE, line(4, 'observer')];

const read = (story: Story, zxid: number, value: string) =>
  story.next('getData', CONFIG, { session: '2' }, { zxid, value, version: -1 });
const NOTHING = { joining: null, leaving: null, newMembers: null, curConfigId: -1 };
const made = (story: Story, zxid: number, lines: readonly string[], asked: object) =>
  story.next('reconfig', CONFIG, { asked: { ...NOTHING, ...asked } }, { zxid, value: text(zxid, ...lines) });
const refused = (story: Story, zxid: number, error: string) =>
  story.next('reconfig', CONFIG, { asked: NOTHING }, { zxid, error });
const joined = (story = new Story()) => made(story, 8, FOUR, { joining: line(4, 'observer') });

function assertFound(story: Story, reason: RegExp): void {
  const { valid, reasons } = checkConfigurations(story.events);
  assert.is(valid, 'invalid');
  assert.match(reasons.join('\n'), reason);
}

function assertValid(story: Story): void {
  const { valid, reasons } = checkConfigurations(story.events);
  assert.is(valid, 'valid', reasons.join('\n'));
}

test('a read shows the newest configuration as of the zxid that it names, to whomever that was acknowledged', () => {
  assertValid(read(read(joined(), 7, text(1, ...THREE)), 9, text(8, ...FOUR)));
  assertFound(
    read(joined(), 9, text(1, ...THREE)),
    /operation 1 read configuration 0x1 at zxid 0x9, but operation 0 was shown 0x8/,
  );
  assertFound(
    read(joined(), 7, text(8, ...FOUR)),
    /read configuration 0x8 at zxid 0x7, which was made later/,
  );
  const early = read(joined(), 7, text(8, ...FOUR)).events.map(event => ({ ...event, server: 'apache:1' }));
  assert.is(checkConfigurations(early, { 'apache:1': [] }).valid, 'valid');
  const back = read(read(new Story(), 5, text(5, ...FOUR)), 6, text(1, ...THREE));
  assertFound(back, /operation 1 read configuration 0x1 at zxid 0x6, but operation 0 was shown 0x5/);
});

test('a version has one text, and the configuration of a reconfig has its zxid', () => {
  assertFound(
    read(joined(), 9, text(8, ...THREE)),
    /configuration 0x8 is .* to operation 0, and .* to operation 1/,
  );
  const other = new Story().next(
    'reconfig',
    CONFIG,
    { asked: NOTHING },
    { zxid: 9, value: text(8, ...THREE) },
  );
  assertFound(other, /operation 0 made configuration 0x8 at zxid 0x9/);
});

test('a reconfig with a condition is applied to that version alone, and never behind another one', () => {
  const conditional = (curConfigId: number) => made(joined(), 12, THREE, { leaving: '4', curConfigId });
  assertValid(conditional(8));
  assertFound(conditional(1), /on the condition of 0x1, but there was 0x8 before it/);
  assertFound(conditional(12), /on the condition of 0xc/);
  assertFound(conditional(99), /on the condition of 0x63/);
});

test('an acknowledged change is in the configuration that it made, and a refused one made none', () => {
  assertFound(made(new Story(), 8, THREE, { joining: line(4) }), /which is not what it asked for/);
  assertFound(made(new Story(), 8, FOUR, { leaving: '4' }), /not what it asked for/);
  assertFound(made(new Story(), 8, FOUR, { newMembers: THREE.join(',') }), /not what it asked for/);
  assertFound(
    made(new Story(), 8, [...THREE, line(4)], { joining: line(4, 'observer') }),
    /not what it asked/,
  );
  assertValid(made(new Story(), 8, FOUR, { leaving: '4', joining: line(4, 'observer') }));
  // What it was made of is known: nobody else may be missing.
  assertFound(made(joined(), 9, [line(1), line(2)], { leaving: '4', curConfigId: 8 }), /not what it asked/);
  assertValid(refused(joined(), 9, 'BADVERSION'));
  const applied = read(refused(new Story(), 9, 'BADVERSION'), 9, text(9, ...THREE));
  assertFound(applied, /refused with BADVERSION at zxid 0x9, and operation 1 was shown that configuration/);
});

test('what no leader has given a version yet is not compared, and a history without configurations is unknown', () => {
  const own = read(read(new Story(), 0, text(0, ...THREE)), 0, text(0, ...FOUR));
  assertValid(own);
  assert.is(checkConfigurations(new Story().next('getData', '/a', {}, { zxid: 1 }).events).valid, 'unknown');
});

test('random small histories are judged as by looking at every pair', () => {
  const shown = fc.record({
    isMade: fc.boolean(),
    version: fc.integer({ min: 1, max: 6 }),
    later: fc.integer({ min: -1, max: 2 }),
    size: fc.integer({ min: 1, max: 2 }),
    condition: fc.constantFrom(-1, 1, 2, 3),
  });
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(fc.array(shown, { minLength: 1, maxLength: 5 }), steps => {
      const story = new Story();
      const all = steps.map(step => ({
        ...step,
        zxid: step.isMade ? step.version : step.version + step.later,
        // Mostly the same under one version.
        members: (step.version + (step.size === 1 && step.later === 2 ? 1 : 0)) % 2 === 0 ? FOUR : THREE,
      }));
      for (const { isMade, version, zxid, members, condition } of all)
        if (isMade) made(story, zxid, members, { newMembers: members.join(','), curConfigId: condition });
        else read(story, zxid, text(version, ...members));
      const isRight = all.every(
        each =>
          each.version <= each.zxid &&
          all.every(other => other.version !== each.version || other.members === each.members) &&
          (each.isMade
            ? each.condition === -1 ||
              (each.condition < each.version &&
                all.every(({ version }) => version <= each.condition || version >= each.version))
            : all.every(({ version }) => version <= each.version || version > each.zxid)),
      );
      const { valid, reasons } = checkConfigurations(story.events);
      seen[valid as 'valid' | 'invalid']++;
      assert.is(valid, isRight ? 'valid' : 'invalid', JSON.stringify([all, reasons]));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(seen.valid > 100 && seen.invalid > 100, JSON.stringify(seen));
});

test('leaders: an epoch has one, a configuration the same members everywhere, and none goes back while a member runs', () => {
  const led = (member: string, epoch: number): MemberEvent => ({ member, kind: 'led', epoch });
  const has = (member: string, version: number, members = 'the voters 1,2,3'): MemberEvent => ({
    ...{ member, kind: 'configured', version, members },
  });
  const started = (member: string): MemberEvent => ({ member, kind: 'started' });
  const found = (...events: MemberEvent[]) => checkLeaders(events).reasons.join();
  assert.is(found(led('a', 1), led('b', 2), led('a', 3)), '');
  assert.is(found(led('a', 1), led('b', 1)), 'a and b both led epoch 1');
  assert.is(found(has('a', 5), has('b', 5), has('a', 6)), '');
  assert.match(found(has('a', 5), has('b', 5, 'the voters 1,2')), /0x5 has the voters 1,2 at b, and .* at a/);
  assert.is(found(has('a', 6), has('a', 5)), 'a went back from configuration 0x6 to 0x5');
  assert.is(found(has('a', 6), started('a'), has('a', 5)), '');
  assert.is(found(has('a', 0), has('b', 0, 'other voters')), '');
  assert.is(checkLeaders([started('a')]).valid, 'unknown');
});
