import { assert, suite } from '#test';
import { type Id, writeId } from '../../wire/acl.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { ForwardedIdentities } from './forwarded-identities.ts';

const test = suite('quorum: forwarded identities');

const packetOf = (ids: readonly Id[] | null): Buffer =>
  new JuteWriter().writeInt(7).writeVector(ids, writeId).toBuffer();
const user = (name: string): Id => ({ scheme: 'digest', id: `${name}:hash` });

function read(known: ForwardedIdentities, ids: readonly Id[] | null): readonly Id[] {
  const bytes = packetOf(ids);
  return known.read(bytes, 4, bytes.length);
}

test('field report B2: equal identities in two requests give one array, different ones another', () => {
  const known = new ForwardedIdentities();
  const alice = read(known, [user('alice')]);
  assert.equal(alice, [user('alice')]);
  assert.is(read(known, [user('alice')]), alice);
  assert.equal(read(known, [user('bob')]), [user('bob')]);
  assert.equal(read(known, [user('alice'), user('bob')]), [user('alice'), user('bob')]);
  assert.equal([read(known, []), read(known, null)], [[], []]);
});

test('the cache is bounded in bytes: large identities are not kept, and all are dropped when it is full', () => {
  const known = new ForwardedIdentities();
  const large = [user('x'.repeat(5000))];
  assert.equal(read(known, large), large);
  assert.is.not(read(known, large), read(known, large));
  const first = read(known, [user('first')]);
  for (let i = 0; i < 300; i++) read(known, [user(`${i}`.padEnd(4000, '.'))]);
  assert.is.not(read(known, [user('first')]), first);
});
