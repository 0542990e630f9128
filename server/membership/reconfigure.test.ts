import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { errorName } from '../wire/error-codes.ts';
import type { ReconfigRequest } from '../wire/requests.ts';
import { type Configuration, configurationFromText } from './configuration.ts';
import { reconfigure } from './reconfigure.ts';

const test = suite('membership: what a reconfig makes');

const VERSION = 0x1_0000_0000;
const ZXID = 0x1_0000_0007;

const line = (sid: number, rest = `:participant;0.0.0.0:2181`) =>
  `server.${sid}=10.0.0.${sid}:2888:3888${rest}`;
const textOf = (lines: readonly string[], version = VERSION) =>
  `${lines.join('\n')}\nversion=${version.toString(16)}`;

const THREE = configurationFromText(textOf([line(1), line(2), line(3), line(4, ':observer;0.0.0.0:2181')]));
const GROUPS = configurationFromText(
  textOf([line(1), line(2), line(3), 'group.1=1:2', 'group.2=3', 'weight.3=2']),
);

interface Situation {
  readonly from?: Configuration;
  readonly lastSeen?: Configuration;
  readonly standaloneEnabled?: boolean;
  readonly multiAddressEnabled?: boolean;
}

function ask(
  asked: Partial<ReconfigRequest>,
  { from = THREE, lastSeen = from, standaloneEnabled = true, multiAddressEnabled = false }: Situation = {},
) {
  const request = { joining: null, leaving: null, newMembers: null, curConfigId: -1, ...asked };
  return reconfigure({ committed: from, lastSeen }, request, ZXID, {
    standaloneEnabled,
    multiAddressEnabled,
  });
}

/** Returns the lines of the result without its version, or the name of the error for a refusal. */
function answer(asked: Partial<ReconfigRequest>, situation: Situation = {}): string[] | string {
  const result = ask(asked, situation);
  if ('code' in result) {
    assert.match(result.reason, /^\S.*[^.]$/, 'a phrase for the log');
    return errorName(result.code);
  }
  assert.is(result.verifier.version, ZXID);
  const lines = result.verifier.text.split('\n');
  assert.is(lines.pop(), `version=${ZXID.toString(16)}`);
  return lines;
}

const linesOf = ({ verifier }: Configuration) => verifier.text.split('\n').slice(0, -1);

test('servers join, change and leave; whoever is not named stays as it is', () => {
  const before = linesOf(THREE);
  assert.equal(answer({ joining: line(5) }), [...before, line(5)]);
  assert.equal(answer({ leaving: '4' }), before.slice(0, 3));
  assert.equal(answer({ joining: ` ${line(5)} ,, ${line(6)},`, leaving: ' 4 ,3' }), [
    line(1),
    line(2),
    line(5),
    line(6),
  ]);
  const promoted = line(4, ':participant;0.0.0.0:2181');
  assert.equal(answer({ joining: promoted }), [...before.slice(0, 3), promoted]);
  const moved = 'server.2=10.0.1.2:2889:3889:participant;10.0.1.2:2182';
  assert.equal(answer({ joining: moved }), [before[0], moved, ...before.slice(2)]);
  assert.equal(answer({ joining: line(3), leaving: '3' }), before, 'who leaves and joins stays');
});

test('upstream reads a joining line with any name before its last dot, and leaving numbers that no server has', () => {
  for (const name of ['5', 'server.5', 'x.y.5']) {
    assert.equal(answer({ joining: line(5).replace('server.5', name) }), [...linesOf(THREE), line(5)], name);
  }
  for (const leaving of ['9', '-1', '+9', '007']) assert.equal(answer({ leaving }), linesOf(THREE), leaving);
});

test('a request that names nobody makes a new version with the same members', () => {
  for (const asked of [{}, { joining: '' }, { leaving: ' , ' }]) assert.equal(answer(asked), linesOf(THREE));
});

test('a bulk change names all, with commas or line ends between the lines, and may change the quorum system', () => {
  const hierarchy = [line(1), line(2), line(3), 'group.1=1:2', 'group.2=3'];
  const written = [...hierarchy, 'weight.1=1', 'weight.2=1', 'weight.3=1'];
  for (const separator of [',', '\n', '\r\n', ' ,\n ']) {
    assert.equal(answer({ newMembers: hierarchy.join(separator) }), written, JSON.stringify(separator));
    assert.equal(answer({ newMembers: [line(1), line(3)].join(separator) }, { from: GROUPS }), [
      line(1),
      line(3),
    ]);
  }
  assert.equal(answer({ newMembers: textOf([line(1), line(2)], 99), joining: 'ignored', leaving: 'x' }), [
    line(1),
    line(2),
  ]);
});

test('colons at the end of a group do not count, as in zoo.cfg', () => {
  const lines = [line(1), line(2), line(3)];
  const written = [...lines, 'group.1=1:2:3', 'weight.1=1', 'weight.2=1', 'weight.3=1'];
  for (const group of ['1:2:3', '1:2:3:', '1:2:3::'])
    assert.equal(answer({ newMembers: [...lines, `group.1=${group}`, 'group.2=:'].join() }), written, group);
});

test('a request must name the current version, if it names one', () => {
  assert.equal(answer({ curConfigId: VERSION }), linesOf(THREE));
  for (const curConfigId of [0, VERSION - 1, VERSION + 1, -2])
    assert.is(answer({ curConfigId }), 'BADVERSION');
});

/**
 * The codes are those of 3.8.0. MARSHALLINGERROR stands for exceptions of Java that upstream does not catch.
 */
const REFUSED: readonly [
  what: string,
  asked: Partial<ReconfigRequest>,
  code: string,
  situation?: Situation,
][] = [
  ['a leaving sid that is no number', { leaving: 'x' }, 'MARSHALLINGERROR'],
  [
    'a joining sid that is no number',
    { joining: line(5).replace('server.5', 'server.x') },
    'MARSHALLINGERROR',
  ],
  ['a joining server without a line', { joining: 'server.5' }, 'BADARGUMENTS'],
  ['a joining line with a second =', { joining: `${line(5)}=1` }, 'BADARGUMENTS'],
  ['no client port', { joining: line(5, ':participant') }, 'BADARGUMENTS'],
  ['no election port', { joining: 'server.5=h:2888;2181' }, 'BADARGUMENTS'],
  ['a role that is none', { joining: line(5, ':leader;2181') }, 'BADARGUMENTS'],
  ['a quorum port that is no number', { joining: 'server.5=h:x:3888;2181' }, 'BADARGUMENTS'],
  ['a quorum port out of range', { joining: 'server.5=h:70000:3888;2181' }, 'MARSHALLINGERROR'],
  ['a client port out of range', { joining: line(5, ':observer;h:70000') }, 'MARSHALLINGERROR'],
  [
    'a client port out of range before a line that is wrong',
    { joining: 'server.5=h;70000' },
    'MARSHALLINGERROR',
  ],
  ['two ports that are one', { joining: 'server.5=h:2888:2888;2181' }, 'BADARGUMENTS'],
  ['brackets that do not end', { joining: 'server.5=[::1:2888:3888;2181' }, 'BADARGUMENTS'],
  ['a secure client port', { joining: 'server.5=h:1:2;3;4' }, 'BADARGUMENTS'],
  ['bulk: a secure client port', { newMembers: `${line(1)},server.2=h:1:2;;4` }, 'BADARGUMENTS'],
  ['several addresses', { joining: 'server.5=h:1:2|i:1:2;3' }, 'BADARGUMENTS'],
  ['bulk: several addresses', { newMembers: `${line(1)},server.2=h:1:2|i:1:2` }, 'BADARGUMENTS'],
  ['an address of another server', { joining: 'server.5=10.0.0.1:2888:4888;2181' }, 'BADARGUMENTS'],
  ['a client address of another server', { joining: 'server.5=h:1:2;10.0.0.1:3888' }, 'BADARGUMENTS'],
  ['a sid that no member can have', { joining: line(5).replace('server.5', 'server.-5') }, 'BADARGUMENTS'],
  ['one voter left', { leaving: '1,2' }, 'BADARGUMENTS'],
  ['no voter left', { leaving: '1,2,3' }, 'BADARGUMENTS', { standaloneEnabled: false }],
  ['a change of a hierarchy', { joining: line(5) }, 'BADARGUMENTS', { from: GROUPS }],
  ['no change of a hierarchy', {}, 'BADARGUMENTS', { from: GROUPS }],
  ['bulk: nobody', { newMembers: '' }, 'BADARGUMENTS'],
  [
    'bulk: nobody, where one alone is an ensemble',
    { newMembers: '' },
    'MARSHALLINGERROR',
    { standaloneEnabled: false },
  ],
  ['bulk: one voter', { newMembers: line(1) }, 'BADARGUMENTS'],
  [
    'bulk: one voter and an observer',
    { newMembers: `${line(1)},${line(4, ':observer')}` },
    'MARSHALLINGERROR',
  ],
  [
    'bulk: observers alone',
    { newMembers: line(4, ':observer') },
    'MARSHALLINGERROR',
    { standaloneEnabled: false },
  ],
  ['bulk: a key that is none', { newMembers: `${line(1)},${line(2)},tickTime=5` }, 'BADARGUMENTS'],
  ['bulk: a line that is wrong', { newMembers: `${line(1)},server.2=h` }, 'BADARGUMENTS'],
  [
    'bulk: a sid that is no number',
    { newMembers: `${line(1)},${line(2)},server.x=h:1:2` },
    'MARSHALLINGERROR',
  ],
  ['bulk: a port out of range', { newMembers: `${line(1)},server.2=h:1:65536` }, 'MARSHALLINGERROR'],
  ['bulk: a group of nobody', { newMembers: `${line(1)},${line(2)},group.1=` }, 'MARSHALLINGERROR'],
  ['bulk: a group of no number', { newMembers: `${line(1)},${line(2)},group.1=a` }, 'MARSHALLINGERROR'],
  [
    'bulk: a weight of no number',
    { newMembers: `${line(1)},${line(2)},group.1=1:2,weight.1=a` },
    'MARSHALLINGERROR',
  ],
  ['bulk: a voter in no group', { newMembers: `${line(1)},${line(2)},group.1=1` }, 'BADARGUMENTS'],
  [
    'bulk: a voter in two groups',
    { newMembers: `${line(1)},${line(2)},group.1=1:2,group.2=2` },
    'BADARGUMENTS',
  ],
  ['bulk: a version of no number', { newMembers: `${line(1)},${line(2)},version=xyz` }, 'MARSHALLINGERROR'],
];

for (const [what, asked, code, situation] of REFUSED) {
  test(`refused, with upstream's code: ${what}`, () => assert.is(answer(asked, situation), code));
}

test('the order of the checks: a pending one, the version, then the request itself', () => {
  const pending = configurationFromText(textOf([line(1), line(2)], VERSION + 5));
  const wrong = { joining: 'server.5', curConfigId: 3 };
  assert.is(answer(wrong, { lastSeen: pending }), 'RECONFIGINPROGRESS');
  assert.is(answer(wrong), 'BADVERSION');
  assert.is(answer({ ...wrong, curConfigId: VERSION }), 'BADARGUMENTS');
});

test('one voter may remain where one alone is an ensemble', () => {
  const situation = { standaloneEnabled: false };
  assert.equal(answer({ leaving: '2,3' }, situation), [line(1), line(4, ':observer;0.0.0.0:2181')]);
  assert.equal(answer({ newMembers: line(1) }, situation), [line(1)]);
});

test('addresses of loopback and the wildcard are each machine’s own', () => {
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    const from = configurationFromText(textOf([`server.1=${host}:1:2;${host}:3`, `server.2=${host}:4:5`]));
    assert.is(answer({ joining: `server.3=${host}:1:2;0.0.0.0:3` }, { from }).length, 3, host);
  }
});

test('a text that would be read back as other lines, or that no vote can carry, is refused', () => {
  const hidden = 'server.3=h\\nserver.9=x:1:2;2181';
  assert.is(answer({ newMembers: [line(1), line(2), hidden].join('\n') }), 'BADARGUMENTS');
  const long = Array.from({ length: 3000 }, (_, i) => `server.${i + 1}=${'h'.repeat(80)}${i}:1:2;3`);
  assert.is(answer({ newMembers: long.join() }), 'BADARGUMENTS');
});

test('the cost of a request is bounded, because anybody may send one', () => {
  const many = (count: number, item: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => item(i + 1)).join();
  const short = (sid: number) => `server.${sid}=a:1:2`;
  assert.is(answer({ newMembers: many(1001, short) }), 'BADARGUMENTS');
  assert.is(answer({ leaving: many(1001, String) }), 'BADARGUMENTS');
  assert.is(answer({ joining: 'x'.repeat(300_000) }), 'BADARGUMENTS');
  const lines = answer({ newMembers: many(1000, short) });
  assert.is(lines.length, 1000);
});

const host = fc.constantFrom('zk', '10.0.0.1', '[::1]', 'h-1.x', 'a b', 'é', '\\', '\\n', '\n', '#', '=', '');
const port = fc.constantFrom('1', '2', '2888', '0', '65535', '65536', '-1', 'x', '');
const role = fc.constantFrom(':participant', ':observer', ':Observer', '', ':x');
const server = fc
  .tuple(host, port, port, role, fc.constantFrom(';2181', ';h:2', ';', '', ';;', ';2181;2182'))
  .map(([h, p, q, r, client]) => `${h}:${p}:${q}${r}${client}`);
const key = fc.constantFrom(
  'server.1',
  'server.2',
  'server.3',
  'server.4',
  '5',
  'server.',
  'x.6',
  'group.1',
  'weight.1',
  'version',
);
const item = fc.oneof(
  fc.tuple(key, server).map(([k, v]) => `${k}=${v}`),
  fc.constantFrom('group.1=1:2:3', 'weight.1=2', 'version=7', '1', '2', 'x', '', '9999999999999999999', '='),
);
const list = fc.option(
  fc.array(item, { maxLength: 6 }).map(items => items.join()),
  { nil: null },
);

test('property: whatever is asked, the answer is a code, or a configuration that every server reads as the same', () => {
  const request = fc.record({
    joining: list,
    leaving: list,
    newMembers: list,
    curConfigId: fc.constantFrom(-1, VERSION),
  });
  fc.assert(
    fc.property(request, fc.constantFrom(THREE, GROUPS), fc.boolean(), (asked, from, standaloneEnabled) => {
      const result = ask(asked, { from, standaloneEnabled });
      if ('code' in result) {
        assert.match(errorName(result.code), /^(BADARGUMENTS|MARSHALLINGERROR)$/);
        return;
      }
      const { verifier, servers } = result;
      assert.ok(verifier.voters.size >= (standaloneEnabled ? 2 : 1));
      const read = configurationFromText(verifier.text);
      assert.is(read.verifier.text, verifier.text);
      assert.equal([...read.servers], [...servers]);
      assert.equal([...read.verifier.voters], [...verifier.voters]);
      assert.is(read.verifier.version, ZXID);
    }),
    { numRuns: 2000 },
  );
});
