import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { serverProgram } from './server-program.ts';

const test = suite('hosts: the program of the server');

/** A build whose files were written at these seconds. */
function build(files: Readonly<Record<string, number>>): string {
  const dist = temporaryFolder();
  for (const [name, seconds] of Object.entries(files)) {
    mkdirSync(join(dist, name, '..'), { recursive: true });
    writeFileSync(join(dist, name), '');
    utimesSync(join(dist, name), seconds, seconds);
  }
  return dist;
}

test('members run the bundle, unless a file of the server was compiled after it', () => {
  const files = { 'server/main.js': 100, 'server/tree/data-tree.js': 110, 'zklab-server.js': 120 };
  const named = (more: Readonly<Record<string, number>>) => {
    const dist = build({ ...files, ...more });
    return serverProgram(dist)!.slice(dist.length + 1);
  };
  assert.is(named({}), 'zklab-server.js');
  assert.is(named({ 'server/tree/data-tree.js': 130 }), 'server/main.js');
  assert.is(named({ 'server/tree/data-tree.test.js': 130, 'server/tree/a.js.map': 130 }), 'zklab-server.js');
});

test('a build without a bundle runs the separate files; one without a server has no program', () => {
  const dist = build({ 'server/main.js': 100 });
  assert.is(serverProgram(dist), join(dist, 'server/main.js'));
  assert.is(serverProgram(build({ 'zklab-server.js': 100 })), undefined);
  assert.is(serverProgram(join(dist, 'none')), undefined);
});
