import { assert, suite } from '#test';
import type { Link, LinkKind } from './link.ts';
import { type Selector, selectFlows, selectLinks } from './select.ts';

const test = suite('mesh: selection of links');

const roles = new Map([
  ['zk1', 'leader'],
  ['zk2', 'follower'],
  ['zk3', 'observer'],
]);

function link(from: string, to: string, kind: LinkKind): Link {
  return { name: `${from}.${to}.${kind}`, from, to, kind, address: '', proxied: '' };
}

const members = [...roles.keys()];
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
  test(title, () => {
    if (wantedLinks.length > 0)
      assert.equal(
        selectLinks(links, selector, roles)
          .map(({ name }) => name)
          .sort(),
        wantedLinks.sort(),
      );
    const flows = selectFlows(links, selector, roles).map(({ link, stream }) => `${link.name} ${stream}`);
    assert.equal(flows.sort(), wantedFlows.sort());
  });
}

test('a data centre selects its members; one that nobody is in is refused with those that there are', () => {
  const centres = new Map([
    ['zk1', 'paris'],
    ['zk2', 'paris'],
    ['zk3', 'tokyo'],
  ]);
  const names = (from: string) =>
    selectLinks(links, { from: { dc: from }, to: { dc: 'paris' } }, roles, centres).map(({ name }) => name);
  assert.equal(names('tokyo'), ['zk3.zk1.quorum', 'zk3.zk2.quorum']);
  assert.throws(() => names('rome'), 'the data centres are zk1=paris zk2=paris zk3=tokyo');
});

test('a selection that matches nothing is refused, and the error lists the roles', () => {
  const nobody: Selector = { from: { role: 'observerMaster' }, to: leader };
  for (const select of [selectLinks, selectFlows])
    assert.throws(
      () => select(links, nobody, roles),
      /no link matches from role observerMaster to role leader; the roles are zk1=leader zk2=follower/,
    );
  assert.throws(
    () => selectLinks(links, { from: observers, to: leader, kinds: ['election'] }, roles),
    /from role observer to role leader, kinds election; the roles/,
  );
});
