import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { memberTargetSchema, selectorSchema } from './selector-schema.ts';
import { findMembers, type MemberNow, type MemberTarget, votes } from './target.ts';

const test = suite('mesh: targets');

const voter = (name: string, role: string, dc = 'paris'): MemberNow => ({ name, role, isVoter: true, dc });
const observer = (name: string, master: string): MemberNow => ({
  name,
  role: 'observer',
  isVoter: false,
  dc: 'tokyo',
  masterOf: async () => master,
});
const members: MemberNow[] = [
  voter('v1', 'follower'),
  voter('v2', 'leader'),
  voter('v3', 'follower', 'rome'),
  voter('v4', 'down', 'rome'),
  voter('v5', 'follower'),
  observer('o1', 'v3'),
  observer('o2', 'v9'),
];

async function found(target: MemberTarget, { ofRole = 'all' as 1 | 'all', seed = 1, among = members } = {}) {
  return (await findMembers(target, among, new SeededRandom(seed), { ofRole })).sort();
}

function refusal(target: MemberTarget, among = members): Promise<string> {
  return found(target, { among }).then(String, String);
}

test('members are found by what they are at this moment', async () => {
  const rows: [MemberTarget, string][] = [
    ['any', 'o1 o2 v1 v2 v3 v4 v5'],
    [{ role: 'leader' }, 'v2'],
    [{ role: 'follower' }, 'v1 v3 v5'],
    [{ role: 'observer' }, 'o1 o2'],
    [{ name: 'v4' }, 'v4'],
    [{ name: ['v4', 'o1'] }, 'o1 v4'],
    [{ dc: 'rome' }, 'v3 v4'],
    [{ dc: ['rome', 'tokyo'] }, 'o1 o2 v3 v4'],
    [{ masterOf: 'o1' }, 'v3'],
  ];
  for (const [target, wanted] of rows) assert.is((await found(target)).join(' '), wanted);
  assert.is((await found({ role: 'follower' }, { ofRole: 1 })).length, 1, 'of processes, one');
});

test('a random choice is the same for the same seed, and every member is chosen by some seed', async () => {
  const chosen = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const three = await found({ random: 3 }, { seed });
    assert.is(new Set(three).size, 3);
    assert.equal(await found({ random: 3 }, { seed }), three);
    for (const name of three) chosen.add(name);
  }
  assert.is(chosen.size, members.length);
});

test('sets of voters: a minority cannot form a quorum, a majority can, and a quorum has the leader', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const minority = await found({ voters: 'minority' }, { seed });
    const majority = await found({ voters: 'majority' }, { seed });
    const quorum = await found({ voters: 'quorum' }, { seed });
    assert.equal([minority.length, majority.length, quorum.length], [2, 3, 3]);
    assert.ok(quorum.includes('v2'));
    assert.not.ok(quorum.includes('v4'), 'who is down holds no quorum');
    assert.ok([...minority, ...majority, ...quorum].every(name => name.startsWith('v')));
  }
});

test('of an even number of voters, half of them is a minority less one', async () => {
  const four = members.filter(({ name }) => /v[1-4]/.test(name));
  assert.is((await found({ voters: 'minority' }, { among: four })).length, 1);
  assert.is((await found({ voters: 'majority' }, { among: four })).length, 3);
});

test('fewer members than are meant are refused, with what there is', async () => {
  assert.match(
    await refusal({ role: 'follower', count: 4 }),
    '3 members match {"role":"follower","count":4}',
  );
  assert.match(
    await refusal({ role: 'follower', count: 4 }),
    'and 4 are needed; the roles are v1=follower v2=leader',
  );
  assert.match(await refusal({ name: ['v1', 'v9'] }), /^TargetError: 1 members match/);
  assert.match(await refusal({ dc: 'oslo' }), '0 members match {"dc":"oslo"}');
  assert.match(await refusal({ dc: 'oslo' }), 'the data centres are v1=paris');
  assert.match(await refusal({ masterOf: 'o2' }), '0 members match {"masterOf":"o2"}');
  assert.match(await refusal({ masterOf: 'v1' }), '0 members match');
  assert.match(await refusal({ random: 8 }), '7 members match {"random":8}');
  const two = members.slice(0, 2);
  assert.match(await refusal({ voters: 'minority' }, two), '0 members match {"voters":"minority"}');
  const headless = members.filter(({ role }) => role !== 'leader');
  assert.match(await refusal({ voters: 'quorum' }, headless), '3 members match {"voters":"quorum"}');
});

test('a member that is down has the vote it was configured with', () => {
  const rows = [
    ['leader', false, true],
    ['follower', false, true],
    ['observer', true, false],
    ['down', true, true],
    ['looking', false, false],
  ] as const;
  for (const [role, configured, wanted] of rows) assert.is(votes(role, configured), wanted, role);
});

test('targets of links and of processes are written in the same form', () => {
  const targets = [
    'any',
    { role: 'leader' },
    { role: 'follower', count: 2 },
    { name: ['v1'] },
    { dc: 'paris' },
    { masterOf: 'o1' },
    { voters: 'quorum' },
    { random: 2 },
  ];
  for (const target of targets) {
    assert.ok(memberTargetSchema.safeParse(target).success, JSON.stringify(target));
    assert.ok(selectorSchema.safeParse({ from: target, to: target }).success, JSON.stringify(target));
  }
  for (const target of ['client', 'others', { role: 'leader', count: 0 }, { voters: 'all' }, { random: 0 }])
    assert.not.ok(memberTargetSchema.safeParse(target).success, JSON.stringify(target));
  assert.ok(selectorSchema.safeParse({ from: 'client', to: 'others' }).success);
  assert.not.ok(selectorSchema.safeParse({ from: 'others', to: 'any' }).success);
});
