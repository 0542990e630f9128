/**
 * Requests of all operations, whole and damaged, on all members at once: whatever the answers, the members
 * keep the same tree.
 */
import { assert, suite } from '#test';
import { body, MemoryClient } from './memory-client.test-kit.ts';
import { MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import type { ServerEvent } from './metrics/server-events.ts';
import { SeededRandom } from './runtime/seeded-random.ts';
import { type Acl, OPEN_ACL_UNSAFE } from './wire/acl.ts';
import { JuteWriter } from './wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from './wire/multi.ts';
import { OpCode } from './wire/opcodes.ts';
import { writeSetAclRequest } from './wire/requests.ts';

const test = suite('server: random requests');

const SEEDS = 6;
const REQUESTS = 300;
const EPHEMERAL_OR_NONE = [0, 1, 2, 3, 4, 5, -1, 99];
const PATHS = [
  '/a',
  '/b',
  '/a/c',
  '/',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
  '/é',
  '',
  'x',
  '/a/',
  '//',
];
const ODD_PATHS = ['/a\u0000', '/\ud800', '/a/../b', '/.'];
const ACLS: readonly (readonly Acl[])[] = [
  OPEN_ACL_UNSAFE,
  [],
  [{ perms: 31, id: { scheme: 'auth', id: '' } }],
  [{ perms: 1, id: { scheme: 'ip', id: '1.2.3.4/33' } }],
  [{ perms: 7, id: { scheme: 'digest', id: 'a:b' } }],
];
const OPS = Object.values(OpCode);
const PARTS = [
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.delete,
  OpCode.setData,
  OpCode.check,
];

type Write = (writer: JuteWriter) => void;

function requestBody(op: number, random: SeededRandom): Write {
  const path = random.chance(0.9) ? random.pick(PATHS) : random.pick(ODD_PATHS);
  const version = random.pick([-1, -1, 0, 1, -2]);
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return body.create(
        path,
        random.pick([null, '', 'x']),
        random.pick(EPHEMERAL_OR_NONE),
        random.pick(ACLS),
      );
    case OpCode.delete:
    case OpCode.check:
      return body.delete(path, version);
    case OpCode.setData:
      return body.setData(path, 'y', version);
    case OpCode.setACL:
      return w => writeSetAclRequest(w, { path, acl: random.pick(ACLS), version });
    case OpCode.multi:
    case OpCode.multiRead:
      return multiBody(random);
    default:
      return body.read(path, random.chance(0.5));
  }
}

function multiBody(random: SeededRandom): Write {
  const types = Array.from({ length: random.below(5) }, () =>
    random.chance(0.9) ? random.pick(PARTS) : random.pick(OPS),
  );
  return w => {
    for (const type of types) {
      writeMultiHeader(w, type, false, -1);
      if (type !== OpCode.multi && type !== OpCode.multiRead) requestBody(type, random)(w);
    }
    writeMultiEnd(w);
  };
}

/** Sometimes flips a bit of the request, or cuts off its end. */
function damaged(write: Write, random: SeededRandom): Write {
  const writer = new JuteWriter();
  write(writer);
  const bytes = writer.toBuffer();
  if (bytes.length > 0 && random.chance(0.15)) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  const end = random.chance(0.05) ? random.below(bytes.length + 1) : bytes.length;
  return w => void w.writeRaw(bytes, 0, end);
}

function play(ensemble: MemoryEnsemble, random: SeededRandom): void {
  let clients: MemoryClient[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    clients = clients.filter(client => client.raw.closed === null);
    if (clients.length < 4) clients.push(MemoryClient.open(ensemble, random.pick(ensemble.sids)));
    const client = random.pick(clients);
    const op = random.pick(OPS);
    client.send(op, damaged(requestBody(op, random), random));
    if (random.chance(0.03)) client.raw.destroy();
    ensemble.time.advance(random.pick([0, 0, 0, 1, 5]));
  }
}

test(
  'all members go on serving, hold the same tree, count no digest mismatch, and come back from their files',
  () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(`random requests ${seed}`);
      const plan = { voters: 3, observers: 1, settings: { observerMasterPort: 2191 }, seed: String(seed) };
      const ensemble = new MemoryEnsemble(plan).start();
      play(ensemble, random);
      // Sessions of dropped connections expire meanwhile.
      ensemble.time.advance(15_000);
      const states = ensemble.sids.map(sid => {
        const { database, metrics } = ensemble.server(sid);
        assert.is(metrics.counter('digest_mismatches_count').value, 0, `seed ${seed}, member ${sid}`);
        const ends = ({ kind }: ServerEvent) => kind === 'leadingEnds' || kind === 'learningEnds';
        assert.equal(ensemble.events.get(sid)!.filter(ends), [], `seed ${seed}, member ${sid}`);
        return `${database.tree.digest.toBigInt()} at ${database.lastProcessedZxid}`;
      });
      assert.is(new Set(states).size, 1, `seed ${seed}: ${states.join(', ')}`);
      for (const sid of ensemble.sids) ensemble.kill(sid, 'power');
      ensemble.start();
    }
  },
  { deadlineMs: 240_000 },
);
