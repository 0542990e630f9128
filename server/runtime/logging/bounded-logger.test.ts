import { assert, suite } from '#test';
import { anyCharacter, fc } from '#test/properties';
import { boundedLogger, LOG_TEXT_CHARS_MAX } from './bounded-logger.ts';
import { type LogFields, silentLogger } from './logger.ts';

const test = suite('runtime: a log line is bounded');

interface Line {
  readonly message: string;
  readonly fields: LogFields;
}

function logged(message: string, fields?: LogFields): Line {
  const lines: Line[] = [];
  const add = (said: string, of: LogFields = {}) => void lines.push({ message: said, fields: of });
  boundedLogger({ ...silentLogger, warn: add }).warn(message, fields);
  return lines[0]!;
}

test('ordinary lines of servers stay unchanged', () => {
  const fields = {
    learner: 3,
    master: { host: 'zk1', port: 2888 },
    zxid: '0x100000002',
    snapshotPath: undefined,
    tail: null,
    synced: true,
    sids: [1, 2],
  };
  assert.equal(logged('learner 3 is sent a DIFF', fields), { message: 'learner 3 is sent a DIFF', fields });
});

test('field report B11: an authentication scheme of a megabyte of \\x01 is a short line, in message and field', () => {
  const scheme = '\x01'.repeat(1_000_000);
  const { message, fields } = logged(`scheme ${scheme} failed`, { scheme, nested: { deep: [scheme] } });
  assert.ok(message.length < 5 * LOG_TEXT_CHARS_MAX, `${message.length}`);
  assert.ok(JSON.stringify(fields).length < 40_000, `${JSON.stringify(fields).length}`);
  assert.match(message, /^scheme \\x01\\x01.*\(1000014 characters\)$/);
});

test('bytes are shown as a number, errors as their message, and deep nesting is left out', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const { fields } = logged('x', {
    bytes: Buffer.alloc(5000),
    error: new Error('no\nroom'),
    circle,
    id: 0x12n,
  });
  assert.is(fields.bytes, '5000 bytes');
  assert.is(fields.error, 'no\\nroom');
  assert.equal(fields.circle, { self: { self: '...' } });
  assert.is(fields.id, '18');
});

test('a line of any fields is bounded as a whole', () => {
  const fields = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`${n}${'k'.repeat(300)}`, 'v'.repeat(900)]),
  );
  const line = logged('x', fields);
  assert.ok(JSON.stringify(line).length < 4 * LOG_TEXT_CHARS_MAX, `${JSON.stringify(line).length}`);
  const many = logged('x', { list: Array.from({ length: 100_000 }, (_, n) => n) });
  assert.is((many.fields.list as unknown[]).length, 51);
  assert.is((many.fields.list as unknown[]).at(-1), '... (100000 in all)');
});

test('no field can carry a control character, under any name', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter }),
      fc.jsonValue({ stringUnit: anyCharacter }),
      (name, value) => {
        const { fields } = logged(name, { [name]: value });
        assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(textOf(fields)), textOf(fields));
      },
    ),
    { numRuns: 1_000 },
  );
});

/** The text without the characters that JSON escapes by itself. */
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => name + textOf(inner))
    .join('');
}
