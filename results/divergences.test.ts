import { assert, suite } from '#test';
import { divergencesOf } from './divergences.ts';
import type { Claim, Verdict } from './schema.ts';

const test = suite('results: divergences of two servers');

function claims(verdicts: Readonly<Record<string, Verdict>>, known?: string) {
  return {
    claims: Object.entries(verdicts).map(
      ([id, verdict]) =>
        ({ id, title: `claim ${id}`, verdict, reason: verdict, ...(known && { known }) }) as Claim,
    ),
  };
}

test('opposite verdicts come first, then what only one server decides, then what both agree on', () => {
  const ours = claims({ a: 'holds', b: 'holds', c: 'void', d: 'holds', e: 'not shown here' });
  const theirs = claims({ e: 'void', d: 'fails', c: 'fails', b: 'not shown here', a: 'holds', f: 'holds' });
  assert.equal(
    divergencesOf(ours, theirs).map(({ id, kind }) => `${id}: ${kind}`),
    ['d: opposite', 'b: only a decides', 'c: only b decides', 'f: only b decides', 'a: same', 'e: neither'],
  );
});

test('a known failure is a failure of that server, and keeps its name', () => {
  const [found] = divergencesOf(claims({ a: 'holds' }), claims({ a: 'fails' }, 'not built yet'));
  assert.equal([found!.kind, found!.a.standing, found!.b.standing], ['opposite', 'holds', 'known failure']);
});

test('what one run did not judge is not measured there', () => {
  const [found] = divergencesOf(claims({}), claims({ a: 'fails' }));
  assert.equal([found!.kind, found!.a.standing], ['only b decides', 'not measured']);
  assert.equal(divergencesOf(claims({}), claims({})), []);
});
