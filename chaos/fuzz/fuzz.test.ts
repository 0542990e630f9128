import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { serverProgram } from '../simulation/members/server-program.ts';
import { runBout } from './bout.ts';
import { drawConversation, PORT_KINDS } from './conversation.ts';
import { KeptFailureError, keepLogs, readFailure } from './kept-failure.ts';
import { buffer, byte, encode, encodeFrame, int, long, text } from './message.ts';
import { mutated } from './mutate.ts';

const test = suite('fuzz');

const FACTS = { sids: [1, 2, 3], epoch: 2, zxid: 2 * 2 ** 32 + 7 };

test('a message consists of its fields in order, and a length may be false', () => {
  const message = [byte(1), int(-2), long(3), text('ab'), buffer(null), { ...text('c'), says: 9 }];
  assert.is(encode(message).toString('hex'), '01fffffffe0000000000000003000000026162ffffffff0000000963');
  assert.is(encodeFrame([byte(7)]).toString('hex'), '0000000107');
  assert.is(encodeFrame([byte(7)], -1).toString('hex'), 'ffffffff07');
});

test('every mutation of every message can be sent', () => {
  const random = new SeededRandom('mutations');
  for (let at = 0; at < 5_000; at++)
    encode(mutated([int(1), text('/a'), long(2), buffer(null), byte(0)], random));
});

test('one seed always draws the same conversations', () => {
  const draw = () => {
    const random = new SeededRandom('conversations');
    return Array.from({ length: 200 }, () => drawConversation(FACTS, PORT_KINDS, random));
  };
  assert.equal(draw(), draw());
  assert.equal(new Set(draw().map(({ port }) => port)), new Set(PORT_KINDS));
});

test('strangers begin handshakes of SASL where members authenticate, and only there', () => {
  const magic = Buffer.from('5f2435013501edcc', 'hex');
  const begun = (sasl: boolean) => {
    const random = new SeededRandom('handshakes');
    const draw = () => drawConversation({ ...FACTS, sasl }, ['election', 'quorum'], random);
    return Array.from({ length: 200 }, draw).filter(({ chunks }) => Buffer.concat(chunks).includes(magic))
      .length;
  };
  assert.ok(begun(true) > 50, `${begun(true)} of 200`);
  assert.is(begun(false), 0);
});

test('two bouts with one seed are identical', () => {
  const [one, two] = [0, 1].map(() => runBout(3, { program: serverProgram(), ports: ['client'] }));
  assert.is(one!.trace.hash(), two!.trace.hash());
});

test('a file that is no kept failure is refused by name', () => {
  const path = join(temporaryFolder(), 'x.fuzz.json');
  for (const [content, problem] of [
    ['{', /JSON/],
    ['{}', /seed/],
    ['{"seed":1,"complaints":[],"rounds":[[{"port":"smtp"}]]}', /rounds\.0\.0\.port/],
  ] as const) {
    writeFileSync(path, content);
    assert.throws(
      () => readFailure(path),
      (error: unknown) => error instanceof KeptFailureError && problem.test(error.message),
    );
  }
});

test('a failed attack on real processes keeps the log of each member', () => {
  const from = temporaryFolder();
  for (const name of ['v1', 'v2']) {
    mkdirSync(join(from, 'members', name, 'version-2'), { recursive: true });
    writeFileSync(join(from, 'members', name, 'member.log'), `I am ${name}`);
  }
  const kept = keepLogs(from, join(temporaryFolder(), 'kept'));
  assert.equal(kept.map(path => readFileSync(path, 'utf8')).sort(), ['I am v1', 'I am v2']);
});
