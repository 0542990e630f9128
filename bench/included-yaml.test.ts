import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { readIncluding } from './included-yaml.ts';
import { UsageError } from './usage-error.ts';

const test = suite('bench: YAML files that include others');

/** Writes the files into a folder and reads the first. */
function read(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return readIncluding(join(folder, Object.keys(files)[0]!), 'suite file');
}

function problemOf(files: Readonly<Record<string, string>>): string {
  try {
    read(files);
    return '';
  } catch (error) {
    assert.instance(error, UsageError);
    return (error as Error).message;
  }
}

test('keys of the file win over those of its includes, later includes over earlier ones', () => {
  const { value } = read({
    'a.yaml': 'include: [b.yaml, c.yaml]\nload: { depth: 1 }\nlist: [1]\n',
    'b.yaml': 'load: { depth: 2, rate: 2 }\nonly: b\nlist: [2, 3]\n',
    'c.yaml': 'load: { rate: 3, size: 3 }\n',
  });
  assert.equal(value, { load: { depth: 1, rate: 3, size: 3 }, only: 'b', list: [1] });
});

test('paths begin in the folder of the file that has them, through several files', () => {
  const { value } = read({
    'a.yaml': 'include: deep/b.yaml\n',
    'deep/b.yaml': 'include: ../c.yaml\nb: 1\n',
    'c.yaml': 'c: 1\n',
  });
  assert.equal(value, { c: 1, b: 1 });
});

test('the place of a key is the file that has it; that of a missing one is the file that was named', () => {
  const { origin } = read({
    'a.yaml': '# comment\ninclude: b.yaml\nload:\n  depth: 1\n',
    'b.yaml': 'x: 1\nload:\n\n  rate: [10,\n    20]\n',
  });
  assert.match(origin.at('load', 'depth'), /a\.yaml:4: load\.depth$/);
  assert.match(origin.at('load', 'rate', 1), /b\.yaml:5: load\.rate\.1$/);
  assert.match(origin.at('x'), /b\.yaml:1: x$/);
  assert.match(origin.at('load', 'size'), /a\.yaml:3: load\.size$/);
  assert.match(origin.within('load').at('depth'), /a\.yaml:4: load\.depth$/);
});

test('an alias is followed to its anchor', () => {
  const { origin } = read({ 'a.yaml': 'base: &b\n  depth: 1\nload: *b\n' });
  assert.match(origin.at('load', 'depth'), /a\.yaml:2: load\.depth$/);
});

test('a circle, a missing file and what is no map are refused at the line of the include', () => {
  assert.match(
    problemOf({ 'a.yaml': 'x: 1\ninclude: b.yaml\n', 'b.yaml': 'include: [a.yaml]\n' }),
    /b\.yaml:1: include\.0: a\.yaml leads back to .*a\.yaml; accepted are files without a circle/,
  );
  assert.match(problemOf({ 'a.yaml': 'include: a.yaml\n' }), /a\.yaml:1: include: a\.yaml leads back/);
  assert.match(
    problemOf({ 'a.yaml': 'x: 1\ninclude: [no.yaml]\n' }),
    /a\.yaml:2: include\.0: suite file .*no\.yaml cannot be read: ENOENT/,
  );
  assert.match(problemOf({ 'a.yaml': 'include: 3\n' }), /a\.yaml:1: include: 3; accepted is the path/);
  assert.match(
    problemOf({ 'a.yaml': 'include: b.yaml\n', 'b.yaml': '- 1\n' }),
    /b\.yaml:1: it is no suite file; accepted here are keys with values/,
  );
});

test('a file may be included twice, but not too many of them', () => {
  const twice = { 'a.yaml': 'include: [b.yaml, c.yaml]\n', 'b.yaml': 'include: d.yaml\n' };
  assert.equal(read({ ...twice, 'c.yaml': 'include: d.yaml\n', 'd.yaml': 'd: 1\n' }).value, { d: 1 });
  const many = Array.from({ length: 20 }, (_, index) => `f${index}.yaml`);
  const files = Object.fromEntries(many.map(name => [name, 'x: 1\n']));
  assert.match(
    problemOf({ 'a.yaml': `include: [${many.join(', ')}]\n`, ...files }),
    /include\.19: f19\.yaml would be one file more than 20/,
  );
});
