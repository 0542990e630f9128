import { assert, suite } from '#test';
import type { UpDescription } from './up-description.ts';
import { breakingHints, networkHints } from './up-hints.ts';

const test = suite('zklab up: commands that break and heal');

function described(implementations: readonly string[], more: Partial<UpDescription> = {}): UpDescription {
  return {
    topology: 'voters=3',
    connectString: '',
    directConnectString: '',
    toxiproxy: { kind: 'real', version: '2.12.0', url: 'http://127.0.0.1:8474', prefix: '' },
    pid: 7,
    observerMasters: false,
    members: implementations.map((implementation, index) => ({
      ...{ name: `v${index + 1}`, sid: index + 1, mode: index === 1 ? 'leader' : 'follower' },
      ...{ follows: undefined, implementation, pid: 100 + index, client: '', direct: '', folder: '/x' },
    })),
    link: 'v1.v2.quorum',
    ...more,
  };
}

function hintsOf(up: UpDescription): string[] {
  return breakingHints(up, up.toxiproxy!);
}

test('a link is delayed and dropped both ways, a member is cut off both ways, and ended members come back', () => {
  const text = hintsOf(described(['zklab', 'zklab', 'zklab'])).join('\n');
  for (const part of [
    '"type":"timeout","stream":"upstream"',
    '"type":"timeout","stream":"downstream"',
    'for m in v2 v3; do for k in election quorum; do for l in v1.$m.$k $m.v1.$k; do',
    'kill -USR2 7 ',
    '-X POST http://127.0.0.1:8474/reset',
  ])
    assert.ok(text.includes(part), `${part} in ${text}`);
});

test('members that dial past the proxies get no command without an effect: only their clients are cut', () => {
  const text = hintsOf(described(['command', 'command', 'command'], { link: undefined })).join('\n');
  assert.match(text, 'L=client.v1.client ');
  assert.not.match(text, 'quorum');
  assert.not.match(text, 'cut v1 off');
  assert.match(text, 'v1, v2, v3: what they dial goes past the proxies');
});

test('at a Toxiproxy that others use, links carry the name of the lab, and nothing of the others is reset', () => {
  const toxiproxy = {
    kind: 'external',
    version: '2',
    url: 'http://127.0.0.1:8474',
    prefix: 'zklab-m-1-2-ab.',
  };
  const text = hintsOf(described(['zklab', 'zklab', 'zklab'], { toxiproxy })).join('\n');
  assert.match(text, 'L=zklab-m-1-2-ab.v1.v2.quorum ');
  assert.match(text, '$P/zklab-m-1-2-ab.$l');
  assert.not.match(text, '/reset');
  assert.match(text, '-X DELETE');
});

test('a member with a network of its own is cut off at the far end of its link', () => {
  const up = described(['zklab', 'zklab', 'zklab']);
  const members = up.members.map((member, index) => ({
    ...member,
    network: { space: `zklab-7-1-${member.name}`, farEnd: { space: 'zklab-7-1', device: `m${index + 1}` } },
  }));
  const text = networkHints({ ...up, members }).join('\n');
  assert.match(text, 'ip -n zklab-7-1 link set m2 down ');
  assert.match(text, 'tc -n zklab-7-1-v2 -s qdisc show dev eth0 ');
  assert.match(text, 'kill -9 101 ');
  assert.not.match(text, 'curl');
});
