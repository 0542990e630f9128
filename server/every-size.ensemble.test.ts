/**
 * Field reports A2 and A3: a server can read back what it accepts, at every size that jute.maxbuffer allows
 * and a little more. The tests send real requests of `limit - 64` to `limit + 64` bytes, and then use
 * everything that reads them: the log, snapshots, PROPOSAL, INFORM, DIFF from memory and from disk, SNAP. A
 * request that could not be read back is refused. No process is started; the file is not a unit test only
 * because it takes long.
 */
import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from './memory-client.test-kit.ts';
import { MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { type Acl, OPEN_ACL_UNSAFE, Perms } from './wire/acl.ts';
import { ErrorCode } from './wire/error-codes.ts';
import type { JuteWriter } from './wire/jute.ts';
import { type JuteLimits, juteLimits } from './wire/jute-limits.ts';
import { writeMultiEnd, writeMultiHeader } from './wire/multi.ts';
import { OpCode } from './wire/opcodes.ts';
import { writeSetAclRequest } from './wire/requests.ts';

const test = suite('server: every size');
const DEADLINE = { deadlineMs: 240_000 };

const EPHEMERAL = 1;
const SEQUENTIAL = 2;
const FRAME_HEAD_BYTES = 4;

interface Setting {
  readonly maxBuffer: number;
  readonly extra?: number;
  readonly digest?: false;
  readonly offsets: readonly number[];
  /**
   * The requests have megabytes each, so there are fewer of them, and no ends of sessions whose ephemerals
   * take twice as much.
   */
  readonly large?: true;
}

/** Distances from the limit in bytes. */
const EACH = Array.from({ length: 129 }, (_, at) => at - 64);
const SOME = [-64, -12, -1, 0, 1, 64];
const FEW = [0, 1];

const SETTINGS: readonly Setting[] = [
  { maxBuffer: 1000, offsets: EACH },
  { maxBuffer: 1000, digest: false, offsets: SOME },
  { maxBuffer: 0xfffff, offsets: SOME },
  { maxBuffer: 0xfffff, extra: 1024, offsets: SOME },
  { maxBuffer: 0xfffff, extra: 1024, digest: false, offsets: FEW },
  { maxBuffer: 4 * 1024 * 1024, extra: 1024, offsets: FEW },
  { maxBuffer: 10 * 1024 * 1024, offsets: FEW, large: true },
];

function titleOf({ maxBuffer, extra, digest }: Setting): string {
  const more = [extra === undefined ? '' : `, extrasize=${extra}`, digest === false ? ', digest off' : ''];
  return `jute.maxbuffer=${maxBuffer}${more.join('')}`;
}

function ensembleOf(
  setting: Setting,
  plan: { voters: number; observers?: number },
  more = {},
): MemoryEnsemble {
  const settings: Record<string, string | number> = {
    'jute.maxbuffer': setting.maxBuffer,
    'digest.enabled': String(setting.digest ?? true),
    preAllocSize: 64,
    snapCount: 1_000_000,
    ...more,
  };
  if (setting.extra !== undefined) settings['jute.maxbuffer.extrasize'] = setting.extra;
  return new MemoryEnsemble({ ...plan, settings });
}

interface Op {
  readonly op: number;
  /** Writes the request with `pad` more bytes. */
  write(pad: string): (writer: JuteWriter) => void;
}

let made = 0;
const name = (): string => `/n${made++}-`;

const create = (flags: number, op: number = OpCode.create): Op => {
  const path = name();
  return { op, write: pad => body.create(path, pad, flags) };
};

const fewOps: readonly (() => Op)[] = [
  () => ({ op: OpCode.setData, write: pad => body.setData('/a', pad) }),
  () => multi([{ op: OpCode.setData, write: pad => body.setData('/a', pad) }]),
];
const ops: readonly (() => Op)[] = [
  ...fewOps,
  () => create(0),
  () => create(EPHEMERAL, OpCode.create2),
  () => create(SEQUENTIAL),
  () => {
    const path = name();
    return { op: OpCode.create, write: pad => body.create(`${path}${pad}`) };
  },
  () => ({
    op: OpCode.setACL,
    write: pad => w => {
      const acl: Acl[] = [
        ...OPEN_ACL_UNSAFE,
        { perms: Perms.ALL, id: { scheme: 'digest', id: `u:h${pad}` } },
      ];
      writeSetAclRequest(w, { path: '/a', acl, version: -1 });
    },
  }),
];

/** The first part has the padding. */
function multi(parts: readonly Op[]): Op {
  return {
    op: OpCode.multi,
    write: pad => w => {
      for (const [i, part] of parts.entries()) {
        writeMultiHeader(w, part.op, false, -1);
        part.write(i === 0 ? pad : '')(w);
      }
      writeMultiEnd(w);
    },
  };
}

/** Writes through one member, with a new connection whenever the server has closed one. */
class Writer {
  readonly #ensemble: MemoryEnsemble;
  readonly #sid: number;
  #client: MemoryClient;

  constructor(ensemble: MemoryEnsemble, sid: number) {
    this.#ensemble = ensemble;
    this.#sid = sid;
    this.#client = MemoryClient.open(ensemble, sid);
    this.#client.create('/a');
  }

  /** Returns the code of the answer; undefined when the connection was closed without an answer. */
  send({ op, write }: Op, pad: string): number | undefined {
    const client = this.#client;
    const xid = client.send(op, write(pad));
    const answer = () => client.replies.find(each => each.xid === xid);
    this.#ensemble.wait(
      () => client.raw.closed !== null || answer() !== undefined,
      'an answer, or the end of the connection',
    );
    const reply = answer();
    client.frames.length = 0;
    if (reply === undefined) this.#client = MemoryClient.open(this.#ensemble, this.#sid);
    return reply?.err;
  }

  /** Sends a frame of this many bytes. */
  sendFrame(op: Op, frameBytes: number): number | undefined {
    const least = requestFrame(1, op.op, op.write('')).length - FRAME_HEAD_BYTES;
    return this.send(op, 'x'.repeat(frameBytes - least));
  }
}

const lastTxnBytes = (ensemble: MemoryEnsemble): number =>
  ensemble.server(ensemble.leader).view.leaderServer!.proposalSizes.last;

/** Writes every operation with frames of jute.maxbuffer bytes and around it. */
function writeFrames(writer: Writer, limits: JuteLimits, { offsets, large }: Setting): void {
  for (const off of offsets) {
    for (const make of large ? fewOps : ops) {
      const err = writer.sendFrame(make(), limits.frameBytesMax + off);
      assert.is(err, off <= 0 ? ErrorCode.OK : undefined, `a frame of ${limits.frameBytesMax + off} bytes`);
    }
  }
}

/**
 * Writes multis whose transactions are longer than their requests, if those can reach the limit of
 * transactions at all.
 */
function writeGrowing(
  ensemble: MemoryEnsemble,
  writer: Writer,
  limits: JuteLimits,
  offsets: readonly number[],
): void {
  const parts = Array.from({ length: 300 }, () => create(SEQUENTIAL));
  const growing = multi(parts);
  if (requestFrame(1, growing.op, growing.write('')).length > limits.frameBytesMax) return;
  assert.is(writer.send(growing, ''), ErrorCode.OK);
  const least = lastTxnBytes(ensemble);
  if (limits.txnBytesMax > limits.frameBytesMax + 1024) return;
  for (const off of offsets) {
    const err = writer.send(growing, 'x'.repeat(limits.txnBytesMax + off - least));
    assert.is(err, off <= 0 ? ErrorCode.OK : ErrorCode.MARSHALLINGERROR, `${limits.txnBytesMax + off} bytes`);
    if (off <= 0) assert.is(lastTxnBytes(ensemble), limits.txnBytesMax + off);
  }
}

/** Ends sessions whose ephemerals have names that together reach the limit. */
function endSessions(
  ensemble: MemoryEnsemble,
  sid: number,
  limits: JuteLimits,
  offsets: readonly number[],
): void {
  const empty = MemoryClient.open(ensemble, sid);
  empty.ask(OpCode.closeSession);
  const least = lastTxnBytes(ensemble);
  for (const off of offsets) {
    const client = MemoryClient.open(ensemble, sid);
    const bytes = limits.txnBytesMax + off - least;
    for (let left = bytes, i = 3; i > 0; i--) {
      const share = Math.floor(left / i);
      const path = name();
      const reply = client.create(path.padEnd(share - FRAME_HEAD_BYTES, 'x'), '', EPHEMERAL);
      assert.is(reply.err, ErrorCode.OK);
      left -= share;
    }
    client.ask(OpCode.closeSession);
    assert.is(lastTxnBytes(ensemble), off <= 0 ? limits.txnBytesMax + off : least, `${off} off the limit`);
  }
}

interface State {
  readonly zxid: number;
  readonly digest: bigint;
  readonly nodes: number;
  readonly sessions: number;
}

function stateOf(ensemble: MemoryEnsemble, sid: number): State {
  const { tree, sessionTimeouts, lastProcessedZxid } = ensemble.server(sid).database;
  return {
    zxid: lastProcessedZxid,
    digest: tree.digest.toBigInt(),
    nodes: tree.nodeCount,
    sessions: sessionTimeouts.size,
  };
}

/**
 * Waits until every member has the state of the leader, and checks that none has counted a digest mismatch.
 */
function agree(ensemble: MemoryEnsemble): State {
  const wanted = stateOf(ensemble, ensemble.leader);
  ensemble.wait(
    () => ensemble.sids.every(sid => stateOf(ensemble, sid).zxid === wanted.zxid),
    'all members to be up to date',
  );
  for (const sid of ensemble.sids) {
    assert.equal(stateOf(ensemble, sid), wanted, `member ${sid}`);
    assert.is(ensemble.server(sid).metrics.counter('digest_mismatches_count').value, 0);
  }
  assert.equal([...ensemble.fatal], []);
  return wanted;
}

function snapshot(ensemble: MemoryEnsemble, sid: number): void {
  let done = false;
  ensemble.server(sid).database.takeSnapshot(error => {
    assert.is(error, undefined);
    done = true;
  });
  ensemble.wait(() => done, 'the snapshot');
}

/** The state without the sessions of clients that are gone, whose end would be one more transaction. */
function restart(ensemble: MemoryEnsemble, how: 'kill' | 'power'): void {
  const before = stateOf(ensemble, 1);
  ensemble.kill(1, how);
  ensemble.boot(1);
  assert.equal(stateOf(ensemble, 1), before);
  ensemble.wait(() => ensemble.server(1).view.serving !== null, 'the server to serve');
}

for (const setting of SETTINGS) {
  test(
    `a lone server reads back what it accepted, from its log and from a snapshot: ${titleOf(setting)}`,
    () => {
      const limits = juteLimits(setting.maxBuffer, setting.extra);
      const ensemble = ensembleOf(setting, { voters: 0 }).start();
      const writer = new Writer(ensemble, 1);
      writeFrames(writer, limits, setting);
      writeGrowing(ensemble, writer, limits, setting.offsets);
      restart(ensemble, 'power');
      if (!setting.large) endSessions(ensemble, 1, limits, setting.offsets);
      restart(ensemble, 'kill');
      snapshot(ensemble, 1);
      restart(ensemble, 'power');
      assert.is(MemoryClient.open(ensemble).create('/after').err, ErrorCode.OK);
    },
    DEADLINE,
  );
}

const MEMBERS = { voters: 3, observers: 1 };
const OBSERVER = 4;
/** Time until an observer, which acks nothing, has its log on disk. */
const FLUSHED_MS = 50;

/** The leader, and another member that is down while the others go on. */
function pairOf(ensemble: MemoryEnsemble): { leader: number; away: number } {
  const { leader } = ensemble;
  return { leader, away: leader === 1 ? 2 : 1 };
}

const IN_ENSEMBLES: readonly Setting[] = [
  { maxBuffer: 1000, offsets: SOME },
  { maxBuffer: 1000, digest: false, offsets: SOME },
  { maxBuffer: 0xfffff, extra: 1024, offsets: FEW },
  { maxBuffer: 20 * 1024 * 1024, offsets: [0], large: true },
];

for (const setting of IN_ENSEMBLES) {
  for (const [how, settings] of [
    ['by DIFF from memory', {}],
    ['by DIFF from disk', { commitLogCount: 1, snapshotSizeFactor: 1_000_000 }],
    ['by SNAP', { forceSnapshotSync: 'true' }],
  ] as const) {
    if (setting.large && how === 'by DIFF from memory') continue;
    test(
      `an ensemble reads what its leader accepted, as PROPOSAL and INFORM, and ${how}: ${titleOf(setting)}`,
      () => {
        const limits = juteLimits(setting.maxBuffer, setting.extra);
        const ensemble = ensembleOf(setting, MEMBERS, settings).start();
        const { leader, away } = pairOf(ensemble);
        const write = (through: number) => {
          const writer = new Writer(ensemble, through);
          writeFrames(writer, limits, setting);
          writeGrowing(ensemble, writer, limits, setting.offsets);
          if (!setting.large) endSessions(ensemble, through, limits, setting.offsets);
        };
        write(away);
        agree(ensemble);
        ensemble.kill(away);
        ensemble.kill(OBSERVER);
        write(leader);
        ensemble.boot(away, OBSERVER);
        ensemble.wait(
          () => [away, OBSERVER].every(sid => ensemble.server(sid).view.serving !== null),
          'all to serve',
        );
        const { metrics } = ensemble.server(leader);
        const synced = metrics.counter(how === 'by SNAP' ? 'snap_count' : 'diff_count').value;
        assert.ok(synced >= 2, `${synced} learners were synced ${how}`);
        agree(ensemble);
        ensemble.time.advance(FLUSHED_MS);
        const states = ensemble.sids.map(sid => stateOf(ensemble, sid));
        for (const sid of ensemble.sids) ensemble.kill(sid, 'power');
        ensemble.boot();
        assert.equal(
          ensemble.sids.map(sid => stateOf(ensemble, sid)),
          states,
        );
        ensemble.wait(() => ensemble.leader > 0, 'a leader');
        assert.is(MemoryClient.open(ensemble, ensemble.leader).create('/after').err, ErrorCode.OK);
        agree(ensemble);
      },
      DEADLINE,
    );
  }
}
