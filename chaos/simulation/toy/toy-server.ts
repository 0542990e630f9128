import type { Connection, Runtime } from '../../../server/runtime/runtime.ts';
import { FrameReader } from '../../../server/wire/frames.ts';
import { epochOf, makeZxid } from '../../../server/wire/zxid.ts';
import type { MemberContext, MemberProgram, MemberState, RunningMember } from '../members/member.ts';
import { ToyClientPort, type ToyWrite } from './toy-client-port.ts';
import { type Entry, nextBoot, ToyLog } from './toy-log.ts';
import { ToyTree } from './toy-tree.ts';

/** Bugs that the toy can be told to have. Real servers had each of them. */
export type ToyBug =
  /** A write is acknowledged when the leader has it, not when a quorum has it on disk. */
  | 'ack before quorum'
  /** Observers skip one commit in a hundred and go on. */
  | 'observer skips commits'
  /** A learner answers its client's write before it has applied it. */
  | 'answer before apply'
  /** A restarted member accepts clients whose last zxid is newer than its own. */
  | 'serve clients from the future';

const PEER_PORT = 2888;
const CLIENT_PORT = 2181;
const REDIAL_MS = 100;
const HEARTBEAT_MS = 200;
const SILENCE_MAX_MS = 1000;
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

type Message =
  | { readonly t: 'hello'; readonly sid: number; readonly log: readonly Entry[] }
  | { readonly t: 'history'; readonly log: readonly Entry[] }
  | { readonly t: 'propose'; readonly entry: Entry }
  | { readonly t: 'ack'; readonly zxid: number }
  | { readonly t: 'commit'; readonly zxid: number }
  | { readonly t: 'request'; readonly id: number; readonly write: ToyWrite }
  | { readonly t: 'reply'; readonly id: number; readonly err: number; readonly zxid: number }
  | { readonly t: 'ping' };

/**
 * The minimum that can replace the server in the simulator's own tests. Member 1 leads whenever a quorum is
 * with it, every voter logs writes, and it speaks enough of the client protocol. It holds no elections, and
 * sends its whole log to every learner. It is not an example of anything else.
 */
export function toyProgram(bug?: ToyBug): MemberProgram {
  return {
    clientPort: CLIENT_PORT,
    start: context => (context.spec.sid === 1 ? new ToyLeader(context, bug) : new ToyLearner(context, bug)),
  };
}

/** Sends messages as JSON in frames. It closes a peer that has been silent too long. */
class Link {
  readonly connection: Connection;
  #heardAtMs: number;

  constructor(
    runtime: Runtime,
    connection: Connection,
    onMessage: (message: Message) => void,
    onClose: () => void,
  ) {
    this.connection = connection;
    this.#heardAtMs = runtime.clock.monotonicMs();
    const frames = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) => {
      this.#heardAtMs = runtime.clock.monotonicMs();
      onMessage(JSON.parse(bytes.toString('utf8', start, end)) as Message);
    });
    const heartbeat = runtime.clock.every(HEARTBEAT_MS, () => {
      if (runtime.clock.monotonicMs() - this.#heardAtMs > SILENCE_MAX_MS) connection.destroy('silent');
      else this.send({ t: 'ping' });
    });
    connection.start({
      onData: chunk => frames.feed(chunk),
      onClose: () => {
        heartbeat.cancel();
        onClose();
      },
    });
  }

  send(message: Message): void {
    const body = Buffer.from(JSON.stringify(message));
    const frame = Buffer.alloc(4 + body.length);
    frame.writeInt32BE(body.length);
    body.copy(frame, 4);
    this.connection.write(frame);
  }
}

class ToyMember {
  protected readonly context: MemberContext;
  protected readonly bug: ToyBug | undefined;
  protected readonly tree = new ToyTree();
  protected readonly log: ToyLog;
  protected readonly clients: ToyClientPort;
  protected serving = false;

  constructor(context: MemberContext, bug: ToyBug | undefined) {
    this.context = context;
    this.bug = bug;
    this.log = new ToyLog(context.runtime.disk);
    this.clients = new ToyClientPort({
      context,
      tree: this.tree,
      port: CLIENT_PORT,
      welcomesFuture: bug === 'serve clients from the future',
      submit: (write, done) => this.submit(write, done),
    });
  }

  protected get runtime(): Runtime {
    return this.context.runtime;
  }

  protected submit(_write: ToyWrite, _done: (err: number, zxid: number) => void): void {}

  /**
   * Applies every log entry up to `zxid`. Answers go out between two entries; later they would be too new.
   */
  protected applyUpTo(zxid: number, afterEach: () => void): void {
    for (let at = this.applied; at < this.log.entries.length; at++) {
      const entry = this.log.entries[at] as Entry;
      if (entry.zxid > zxid) return;
      this.applied++;
      if (this.skips(entry)) this.tree.zxid = entry.zxid;
      else this.tree.apply(entry);
      afterEach();
    }
  }

  protected applied = 0;

  protected skips(entry: Entry): boolean {
    const observer = this.context.spec.role === 'observer';
    return observer && this.bug === 'observer skips commits' && entry.zxid % 100 === 99;
  }

  protected openClients(): void {
    this.serving = true;
    this.clients.open();
  }

  protected closeClients(): void {
    this.serving = false;
    this.clients.close();
  }
}

class ToyLeader extends ToyMember implements RunningMember {
  /** Learners that have sent their log. Those in `synced` have our log. */
  readonly #learners = new Map<number, { link: Link; log: readonly Entry[] }>();
  readonly #acked = new Map<number, number>();
  readonly #callbacks = new Map<number, () => void>();
  readonly #epoch: number;
  readonly #future = new ToyTree();
  #recovered = false;
  #counter = 0;
  #committed = 0;

  constructor(context: MemberContext, bug: ToyBug | undefined) {
    super(context, bug);
    this.#epoch = nextBoot(context.runtime.disk);
    this.runtime.network.listen(
      { host: context.spec.name, port: PEER_PORT },
      {
        onListening: () => {},
        onConnection: connection => this.#welcome(connection),
        onError: error => {
          throw error;
        },
      },
    );
    this.#acked.set(context.spec.sid, 0);
  }

  state(): MemberState {
    const { zxid } = this.tree;
    return {
      mode: 'leader',
      serving: this.serving,
      epoch: this.#epoch,
      zxid,
      treeDigest: this.tree.digest(),
    };
  }

  #welcome(connection: Connection): void {
    let sid = 0;
    const link = new Link(
      this.runtime,
      connection,
      message => {
        if (message.t === 'hello') sid = message.sid;
        this.#onMessage(sid, link, message);
      },
      () => {
        if (this.#learners.get(sid)?.link !== link) return;
        this.#learners.delete(sid);
        this.#acked.delete(sid);
      },
    );
  }

  #onMessage(sid: number, link: Link, message: Message): void {
    if (message.t === 'hello') {
      this.#acked.delete(sid);
      this.#learners.set(sid, { link, log: message.log });
      if (this.#recovered) link.send({ t: 'history', log: this.log.entries });
      else this.#recover();
    } else if (message.t === 'ack' && this.#learners.get(sid)?.link === link) {
      this.#acked.set(sid, message.zxid);
      link.send({ t: 'commit', zxid: this.#committed });
      this.#advance();
    } else if (message.t === 'request') {
      this.submit(message.write, (err, zxid) => link.send({ t: 'reply', id: message.id, err, zxid }));
    }
  }

  /** The newest log of a quorum contains every committed entry. */
  #recover(): void {
    const voters = [...this.#learners].filter(([sid]) => this.#isVoter(sid));
    if (!this.#isQuorum(voters.length + 1)) return;
    this.#recovered = true;
    const logs = [this.log.entries, ...voters.map(([, learner]) => learner.log)];
    const newest = logs.reduce((a, b) => ((b.at(-1)?.zxid ?? 0) > (a.at(-1)?.zxid ?? 0) ? b : a));
    this.log.replace([...newest]);
    for (const entry of this.log.entries) this.#future.apply(entry);
    this.#acked.set(this.context.spec.sid, this.log.lastZxid);
    for (const { link } of this.#learners.values()) link.send({ t: 'history', log: this.log.entries });
    this.context.logger.info('leading', { epoch: this.#epoch, zxid: this.log.lastZxid });
  }

  protected override submit(write: ToyWrite, done: (err: number, zxid: number) => void): void {
    const err = write.f === 'create' ? this.#refuseCreate(write.path) : this.#refuseChange(write.path);
    if (err !== 0) {
      done(err, this.tree.zxid);
      return;
    }
    const entry: Entry = { ...write, zxid: makeZxid(this.#epoch, ++this.#counter) };
    this.#future.apply(entry);
    this.#callbacks.set(entry.zxid, () => done(0, entry.zxid));
    for (const { link } of this.#learners.values()) link.send({ t: 'propose', entry });
    this.log.append(entry, () => {
      this.#acked.set(this.context.spec.sid, entry.zxid);
      this.#advance();
    });
    if (this.bug === 'ack before quorum') this.#commit(entry.zxid);
  }

  #refuseCreate(path: string): number {
    return this.#future.nodes.has(path) ? NODEEXISTS : 0;
  }

  #refuseChange(path: string): number {
    return this.#future.nodes.has(path) ? 0 : NONODE;
  }

  #advance(): void {
    const acks = [...this.#acked].filter(([sid]) => this.#isVoter(sid)).map(([, zxid]) => zxid);
    const descending = acks.sort((a, b) => b - a);
    const needed = Math.floor(this.#voters() / 2) + 1;
    const zxid = descending[needed - 1];
    if (!this.#recovered || zxid === undefined) return;
    this.#commit(zxid);
    if (!this.serving) this.openClients();
  }

  #commit(zxid: number): void {
    if (zxid <= this.#committed) return;
    this.#committed = zxid;
    // Replies travel before their commit. A read between the two would be ahead of an earlier write.
    this.applyUpTo(zxid, () => this.#answer(this.tree.zxid));
    for (const { link } of this.#learners.values()) link.send({ t: 'commit', zxid });
  }

  #answer(zxid: number): void {
    const callback = this.#callbacks.get(zxid);
    this.#callbacks.delete(zxid);
    callback?.();
  }

  #isVoter(sid: number): boolean {
    return this.context.members.some(member => member.sid === sid && member.role === 'participant');
  }

  #voters(): number {
    return this.context.members.filter(member => member.role === 'participant').length;
  }

  #isQuorum(count: number): boolean {
    return count * 2 > this.#voters();
  }
}

class ToyLearner extends ToyMember implements RunningMember {
  #link: Link | undefined;
  #requests = 0;
  readonly #callbacks = new Map<number, (err: number, zxid: number) => void>();
  /** Replies that arrived before their commit. */
  #early: { readonly zxid: number; readonly deliver: () => void }[] = [];

  constructor(context: MemberContext, bug: ToyBug | undefined) {
    super(context, bug);
    this.#dial();
  }

  state(): MemberState {
    const { zxid } = this.tree;
    const mode = this.context.spec.role === 'observer' ? 'observer' : 'follower';
    return { mode, serving: this.serving, epoch: epochOf(zxid), zxid, treeDigest: this.tree.digest() };
  }

  #dial(): void {
    const leader = this.context.members[0];
    if (leader === undefined) return;
    this.runtime.network.connect({ host: leader.name, port: PEER_PORT }, SILENCE_MAX_MS, {
      onConnected: connection => this.#follow(connection),
      onError: () => this.#redial(),
    });
  }

  #redial(): void {
    this.runtime.clock.after(REDIAL_MS, () => this.#dial());
  }

  #follow(connection: Connection): void {
    const link = new Link(
      this.runtime,
      connection,
      message => this.#onMessage(link, message),
      () => this.#lost(),
    );
    this.#link = link;
    link.send({ t: 'hello', sid: this.context.spec.sid, log: this.log.entries });
  }

  #lost(): void {
    this.#link = undefined;
    this.#callbacks.clear();
    this.#early = [];
    this.closeClients();
    this.#redial();
  }

  #onMessage(link: Link, message: Message): void {
    switch (message.t) {
      case 'history':
        this.#adopt(message.log);
        link.send({ t: 'ack', zxid: this.log.lastZxid });
        break;
      case 'propose':
        this.log.append(message.entry, () => {
          if (this.#link === link) link.send({ t: 'ack', zxid: message.entry.zxid });
        });
        break;
      case 'commit':
        this.applyUpTo(message.zxid, () => this.#deliverEarly());
        if (!this.serving) this.openClients();
        this.#deliverEarly();
        break;
      case 'reply':
        this.#onReply(message.id, message.err, message.zxid);
        break;
    }
  }

  /** The newest log of a quorum contains everything that we applied, so only uncommitted entries change. */
  #adopt(log: readonly Entry[]): void {
    this.log.replace([...log]);
    this.applied = log.findIndex(entry => entry.zxid > this.tree.zxid);
    if (this.applied < 0) this.applied = log.length;
  }

  #onReply(id: number, err: number, zxid: number): void {
    const callback = this.#callbacks.get(id);
    if (callback === undefined) return;
    this.#callbacks.delete(id);
    this.#early.push({ zxid, deliver: () => callback(err, zxid) });
    this.#deliverEarly();
  }

  #deliverEarly(): void {
    for (let first = this.#early[0]; first !== undefined; first = this.#early[0]) {
      if (first.zxid > this.tree.zxid && this.bug !== 'answer before apply') return;
      this.#early.shift();
      first.deliver();
    }
  }

  protected override submit(write: ToyWrite, done: (err: number, zxid: number) => void): void {
    const id = ++this.#requests;
    this.#callbacks.set(id, done);
    this.#link?.send({ t: 'request', id, write });
  }
}

const NODEEXISTS = -110;
const NONODE = -101;
