import { assert, suite } from '#test';
import { meantPath } from './meant-path.ts';

const test = suite('admin: paths of URLs');

test('paths are read as Jetty reads them', () => {
  const paths: [path: string, meant: string | undefined][] = [
    ['/commands', '/commands'],
    ['/commands/', '/commands/'],
    ['/commands/ruok//', '/commands/ruok//'],
    ['//commands/ruok', '//commands/ruok'],
    ['/commands/%72uok', '/commands/ruok'],
    ['/%63ommands/ru%6Fk', '/commands/ruok'],
    ['/commands/ruok%2F', '/commands/ruok/'],
    ['/commands/ruok;x=1', '/commands/ruok'],
    ['/commands;y/ruok;x=1;z', '/commands/ruok'],
    ['/commands/../commands/./ruok', '/commands/ruok'],
    ['/commands/x/..', '/commands/'],
    ['/commands/%ff', '/commands/\u00ff'],
    ['/commands/%C3%BF', '/commands/\u00ff'],
    ['/commands/%zz', undefined],
    ['/commands/%', undefined],
    ['/../x', undefined],
    ['*', undefined],
    ['', undefined],
  ];
  for (const [path, meant] of paths) assert.is(meantPath(path), meant, path);
});
