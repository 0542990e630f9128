/** Valid messages for a client port, a ConnectRequest and requests, which `mutate.ts` then breaks. */
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { buffer, byte, type Field, int, long, type Message, text } from './message.ts';

const PASSWORD_BYTES = 16;
const PATHS = ['/f', '/f/a', '/f/b', '/f/a/c', '/f/e', '/', '/zookeeper', '/zookeeper/config', '/f/none'];
/** Paths whose ACL may be set: see `mutate.ts`. */
const OWN_PATHS = PATHS.filter(path => path.startsWith('/f'));
const WORDS =
  'ruok srvr stat mntr conf cons isro crst srst dump envi wchs wchc wchp gtmk stmk dirs hash'.split(' ');
const PARTS_MAX = 20;
const MANY_PARTS = 2_000;

export function hello(timeoutMs: number): Message {
  return [int(0), long(0), int(timeoutMs), long(0), buffer(Buffer.alloc(PASSWORD_BYTES)), byte(0)];
}

/** A four-letter word, sometimes with more behind it, sometimes an unknown one. */
export function word(random: SeededRandom): Buffer {
  const name = random.chance(0.9)
    ? random.pick(WORDS)
    : random.pick(['quit', 'RUOK', 'ruo', 'zzzz', 'con\u0000']);
  const rest = random.chance(0.3) ? Buffer.alloc(random.below(12), random.below(256)) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from(name, 'latin1'), rest]);
}

export function request(xid: number, random: SeededRandom): Message {
  const op = random.pick(OPS);
  return [int(op === OpCode.ping ? -2 : op === OpCode.auth ? -4 : xid), int(op), ...body(op, random)];
}

const OPS = Object.values(OpCode).filter(op => op !== OpCode.error);

function body(op: number, random: SeededRandom): Field[] {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return create(random);
    case OpCode.createTTL:
      return [...create(random), long(1000)];
    case OpCode.delete:
    case OpCode.check:
      return [path(random), int(version(random))];
    case OpCode.setData:
      return [path(random), data(random), int(version(random))];
    case OpCode.setACL:
      return [text(random.pick(OWN_PATHS)), ...acl(random), int(version(random))];
    case OpCode.exists:
    case OpCode.getData:
    case OpCode.getChildren:
    case OpCode.getChildren2:
      return [path(random), byte(random.below(2))];
    case OpCode.multi:
      return multi(random, [OpCode.create, OpCode.delete, OpCode.setData, OpCode.check, OpCode.create2]);
    case OpCode.multiRead:
      return multi(random, [OpCode.getData, OpCode.getChildren]);
    case OpCode.auth:
      return [
        int(0),
        text(random.pick(['digest', 'ip', 'sasl', 'x509', ''])),
        text(random.pick(['u:p', 'u', ':', ''])),
      ];
    case OpCode.setWatches:
      return [long(0), ...paths(random), ...paths(random), ...paths(random)];
    case OpCode.setWatches2:
      return [long(0), ...Array.from({ length: 5 }, () => paths(random)).flat()];
    case OpCode.checkWatches:
    case OpCode.removeWatches:
    case OpCode.addWatch:
      return [path(random), int(random.below(6))];
    case OpCode.reconfig:
      return [text('server.9=localhost:1:2;3'), text(null), text(null), long(-1)];
    case OpCode.ping:
    case OpCode.closeSession:
    case OpCode.whoAmI:
      return [];
    case OpCode.createSession:
      return [int(4000)];
    case OpCode.sasl:
      return [buffer(Buffer.from('token'))];
    default:
      return [path(random)];
  }
}

function create(random: SeededRandom): Field[] {
  return [path(random), data(random), ...acl(random), int(random.pick([0, 0, 1, 2, 3, 4, 5, 9]))];
}

function path(random: SeededRandom): Field {
  return text(random.pick(PATHS));
}

function paths(random: SeededRandom): Field[] {
  const count = random.below(4);
  return [int(count), ...Array.from({ length: count }, () => path(random))];
}

function data(random: SeededRandom): Field {
  if (random.chance(0.05)) return buffer(null);
  return buffer(Buffer.alloc(random.pick([0, 1, 10, 100, random.chance(0.02) ? 500_000 : 1_000]), 0x78));
}

function version(random: SeededRandom): number {
  return random.pick([-1, -1, -1, 0, 1, 7]);
}

function acl(random: SeededRandom): Field[] {
  const entries = random.pick([
    [['world', 'anyone']],
    [['auth', '']],
    [['digest', 'a:b']],
    [['ip', '10.0.0.0/8']],
    Array.from({ length: 40 }, (_, at) => ['ip', `10.0.${at}.1`]),
  ]);
  return [
    int(entries.length),
    ...entries.flatMap(([scheme = '', id = '']) => [int(31), text(scheme), text(id)]),
  ];
}

function multi(random: SeededRandom, ops: readonly number[]): Field[] {
  const count = random.chance(0.02) ? MANY_PARTS : random.below(PARTS_MAX);
  const parts = Array.from({ length: count }, () => {
    const op = random.pick(ops);
    return [int(op), byte(0), int(-1), ...body(op, random)];
  });
  return [...parts.flat(), int(-1), byte(1), int(-1)];
}
