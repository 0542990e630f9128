import { assert, suite } from '#test';
import { fc, propertySeed } from '#test/properties';

const test = suite('properties: their seed');

test('a property gets the same values in every run', () => {
  const met = () => {
    const values: number[] = [];
    fc.assert(fc.property(fc.integer(), value => void values.push(value)));
    return values;
  };
  const seed = propertySeed(process.env.ZKLAB_PROPERTY_SEED);
  assert.is(fc.readConfigureGlobal()?.seed, seed);
  if (seed !== undefined) assert.equal(met(), met());
});

test('ZKLAB_PROPERTY_SEED gives another seed or a random one; anything else is refused', () => {
  assert.is(propertySeed(undefined), propertySeed(''));
  assert.is(propertySeed('-7'), -7);
  assert.is(propertySeed('random'), undefined);
  for (const wrong of ['seven', '1.5', '2147483648', ' '])
    assert.throws(() => propertySeed(wrong), /whole number of 32 bits, or random/);
});
