import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { Link, LinkKind } from './link.ts';
import { resolve, type Selector, selectFlows, selectLinks } from './select.ts';
import type { MemberNow } from './target.ts';

const test = suite('mesh: selection of links');

const now: MemberNow[] = [
  { name: 'zk1', role: 'leader', isVoter: true, dc: 'paris' },
  { name: 'zk2', role: 'follower', isVoter: true, dc: 'paris' },
  { name: 'zk3', role: 'observer', isVoter: false, dc: 'tokyo' },
];
const selection = (selector: Selector) => resolve(selector, now, new SeededRandom(1));

function link(from: string, to: string, kind: LinkKind): Link {
  return { name: `${from}.${to}.${kind}`, from, to, kind, address: '', proxied: '' };
}

const members = now.map(({ name }) => name);
const links: Link[] = members.flatMap(to => [
  ...members.filter(from => from !== to).map(from => link(from, to, 'quorum')),
  link('client', to, 'client'),
]);

const observers = { role: 'observer' };
const leader = { role: 'leader' };

const rows: [title: string, selector: Selector, links: string[], flows: string[]][] = [
  [
    'one way is what one side dials; its bytes are requests there, and answers on the way back',
    { from: observers, to: leader },
    ['zk3.zk1.quorum'],
    ['zk3.zk1.quorum upstream', 'zk1.zk3.quorum downstream'],
  ],
  [
    'the other way is the other half',
    { from: leader, to: observers },
    ['zk1.zk3.quorum'],
    ['zk3.zk1.quorum downstream', 'zk1.zk3.quorum upstream'],
  ],
  [
    'both ways are all bytes between the two',
    { from: observers, to: leader, both: true },
    ['zk3.zk1.quorum', 'zk1.zk3.quorum'],
    [
      'zk3.zk1.quorum upstream',
      'zk3.zk1.quorum downstream',
      'zk1.zk3.quorum upstream',
      'zk1.zk3.quorum downstream',
    ],
  ],
  [
    'a member against all others leaves the clients alone',
    { from: { name: 'zk2' }, to: 'any' },
    ['zk2.zk1.quorum', 'zk2.zk3.quorum'],
    [
      'zk2.zk1.quorum upstream',
      'zk1.zk2.quorum downstream',
      'zk3.zk2.quorum downstream',
      'zk2.zk3.quorum upstream',
    ],
  ],
  [
    'several by name',
    { from: { name: ['zk2', 'zk3'] }, to: { name: 'zk1' } },
    ['zk2.zk1.quorum', 'zk3.zk1.quorum'],
    [
      'zk2.zk1.quorum upstream',
      'zk3.zk1.quorum upstream',
      'zk1.zk2.quorum downstream',
      'zk1.zk3.quorum downstream',
    ],
  ],
  [
    'clients are chosen by asking for them',
    { from: 'client', to: leader },
    ['client.zk1.client'],
    ['client.zk1.client upstream'],
  ],
  ['the answers to clients', { from: leader, to: 'client' }, [], ['client.zk1.client downstream']],
];

for (const [title, selector, wantedLinks, wantedFlows] of rows) {
  test(title, async () => {
    const chosen = await selection(selector);
    if (wantedLinks.length > 0)
      assert.equal(
        selectLinks(links, chosen)
          .map(({ name }) => name)
          .sort(),
        wantedLinks.sort(),
      );
    const flows = selectFlows(links, chosen).map(({ link, stream }) => `${link.name} ${stream}`);
    assert.equal(flows.sort(), wantedFlows.sort());
  });
}

test('a data centre selects its members; one that nobody is in is refused with those that there are', async () => {
  const chosen = await selection({ from: { dc: 'tokyo' }, to: { dc: ['paris', 'rome'] } });
  assert.equal(
    selectLinks(links, chosen).map(({ name }) => name),
    ['zk3.zk1.quorum', 'zk3.zk2.quorum'],
  );
  const rome = await selection({ from: { dc: 'rome' }, to: 'any' }).then(String, String);
  assert.match(rome, 'the data centres are zk1=paris zk2=paris zk3=tokyo');
});

test('others are the members that the other end does not mean', async () => {
  const chosen = await selection({ from: { dc: 'paris' }, to: 'others', both: true });
  const between = selectLinks(links, chosen).map(({ from, to }) => `${from} ${to}`);
  assert.equal(between.sort(), ['zk1 zk3', 'zk2 zk3', 'zk3 zk1', 'zk3 zk2']);
  const refused = await selection({ from: 'others', to: 'any' }).then(String, String);
  assert.match(refused, 'others can be selected as "to" only');
});

test('two random ends are different members', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const chosen = await resolve({ from: { random: 1 }, to: { random: 1 } }, now, new SeededRandom(seed));
    assert.is(selectLinks(links, chosen).length, 1, `seed ${seed}`);
  }
});

test('a selection that matches nothing is refused, and the error lists the roles', async () => {
  const nobody: Selector = { from: { role: 'observerMaster' }, to: leader };
  assert.match(
    await selection(nobody).then(String, String),
    /0 members match \{"role":"observerMaster"\}.*; the roles are zk1=leader zk2=follower/,
  );
  const none = await selection({ from: observers, to: leader, kinds: ['election'] });
  for (const select of [selectLinks, selectFlows])
    assert.throws(
      () => select(links, none),
      /from role observer to role leader, kinds election; the roles are zk1=leader/,
    );
});
