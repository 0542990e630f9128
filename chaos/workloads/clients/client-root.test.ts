import { assert, suite } from '#test';
import { requestBelow, withoutRoot, withRoot } from './client-root.ts';

const test = suite('workloads: root of a client');

test('a path with its root loses it again, and what lies elsewhere is told apart', () => {
  for (const root of ['', '/chapter-2'])
    for (const path of ['/', '/a', '/a/b', '/chapter-2'])
      assert.is(withoutRoot(root, withRoot(root, path)), path, `${root} ${path}`);
  assert.is(withRoot('/r', '/'), '/r');
  assert.is(withRoot('/r', '/zookeeper/config'), '/zookeeper/config', 'everybody has the same');
  for (const elsewhere of ['/', '/a', '/r2/a', '/r2']) assert.is(withoutRoot('/r', elsewhere), undefined);
});

test('a request is sent with the root in front of each of its paths, and a closed session has none', () => {
  const about = { process: 1, session: '1' };
  const parts = [
    { f: 'check' as const, path: '/a' },
    { f: 'create' as const, path: '/b', value: 'x' },
  ];
  assert.equal(requestBelow('/r', { ...about, f: 'multi', path: '/', parts }), {
    ...{ ...about, f: 'multi', path: '/r' },
    parts: [
      { f: 'check', path: '/r/a' },
      { f: 'create', path: '/r/b', value: 'x' },
    ],
  });
  assert.is(requestBelow('/r', { ...about, f: 'closeSession', path: '' }).path, '');
});
