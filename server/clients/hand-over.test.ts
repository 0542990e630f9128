/**
 * Tests of clients that outlive the server behind them. `server.ts` closes them as its policy; here they are
 * kept: on one machine, with everything that can be under way, and on members of an ensemble whose leader
 * dies.
 */
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { LearnerZooKeeperServer } from '../learner/learner-zookeeper-server.ts';
import { LeaderZooKeeperServer } from '../master/leader/leader-zookeeper-server.ts';
import { noBroadcast } from '../master/proposals/broadcast.ts';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { body, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import type { Request } from '../processors/request.ts';
import type { ServerParts } from '../processors/zookeeper-server.ts';
import { SessionIds } from '../sessions/session-ids.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { events } from './hand-over.test-kit.ts';

const test = suite('clients: hand-over');

const { OK, CONNECTIONLOSS } = ErrorCode;

function quorumOf(voters: readonly number[]): { readonly quorum: JointQuorum } {
  return { quorum: new JointQuorum(new QuorumMaj({ version: 0, text: '', voters, observers: [] })) };
}

/**
 * A standalone server whose clients are handed to its successors. The test can hold back its writes and
 * syncs.
 */
class Chains {
  readonly ensemble: MemoryEnsemble;
  #serving: LeaderZooKeeperServer;
  #held: (() => void)[] = [];

  constructor(turnUnits?: number) {
    this.ensemble = new MemoryEnsemble({
      voters: 0,
      ...(turnUnits === undefined ? {} : { turnUnits }),
    }).start();
    this.#serving = this.ensemble.server(1).view.serving as LeaderZooKeeperServer;
  }

  get serving(): LeaderZooKeeperServer {
    return this.#serving;
  }

  get port() {
    return this.ensemble.server(1).view.port!;
  }

  client(): MemoryClient {
    return MemoryClient.open(this.ensemble);
  }

  /** From now on writes and syncs stay under way. */
  holdBack(): void {
    const server = this.#serving;
    const [submit, sync] = [server.submit.bind(server), server.sync.bind(server)];
    server.submit = (request: Request) => void this.#held.push(() => submit(request));
    server.sync = (request: Request) => void this.#held.push(() => sync(request));
  }

  /** What was held back is carried out. */
  letThrough(): void {
    for (const run of this.#held.splice(0)) run();
    this.settle();
  }

  settle(): void {
    this.ensemble.time.advance(50);
  }

  keep(): void {
    this.port.keep();
    this.settle();
  }

  /** The next server, which does not serve yet. */
  next(parts: Partial<ServerParts> = {}): LeaderZooKeeperServer {
    this.#serving.stop('the role ends', () => {});
    this.settle();
    const all = { ...this.#serving.parts, ...parts };
    this.#serving = new LeaderZooKeeperServer(all, {
      mode: 'standalone',
      sid: 0,
      sessionIds: new SessionIds(0, all.clock),
      membership: quorumOf([0]),
      broadcast: noBroadcast,
      zxid: all.database.lastProcessedZxid,
    });
    return this.#serving;
  }

  serve(server: LeaderZooKeeperServer): void {
    this.port.serve(server);
    this.settle();
  }

  handOver(): void {
    this.keep();
    this.serve(this.next());
  }
}

/** xid and code of everything that came, without events. */
function answers(client: MemoryClient): [xid: number, err: number][] {
  return client.replies.filter(({ xid }) => xid !== Xid.notification).map(({ xid, err }) => [xid, err]);
}

test('the next server answers the requests under way in their place: writes with a connection loss, reads with data', () => {
  const chains = new Chains();
  const client = chains.client();
  client.create('/a', 'old');
  const before = client.frames.length;
  chains.holdBack();
  client.send(OpCode.setData, body.setData('/a', 'new'));
  client.send(OpCode.getData, body.read('/a'));
  client.send(OpCode.sync, body.path('/a'));
  client.send(OpCode.setData, body.setData('/a', 'newest'));
  client.send(OpCode.exists, body.read('/none'));
  chains.settle();
  assert.is(client.frames.length, before);
  chains.handOver();
  const late = client.send(OpCode.getData, body.read('/a'));
  assert.is(client.reply(late).err, OK);
  assert.equal(answers(client).slice(before), [
    [2, CONNECTIONLOSS],
    [3, OK],
    [4, CONNECTIONLOSS],
    [5, CONNECTIONLOSS],
    [6, ErrorCode.NONODE],
    [7, OK],
  ]);
  assert.is(client.get('/a'), 'old');
  assert.is(client.create('/b').err, OK);
  assert.is(client.raw.closed, null);
  assert.is(chains.serving.outstanding, 0);
});

test('answers of the former server never reach the client, neither before the next serves nor after', () => {
  const chains = new Chains();
  const [client, other] = [chains.client(), chains.client()];
  client.create('/a', 'old');
  const before = client.frames.length;
  chains.holdBack();
  client.send(OpCode.setData, body.setData('/a', 'new'));
  other.send(OpCode.sync, body.path('/a'));
  chains.settle();
  chains.keep();
  chains.letThrough();
  assert.is(client.frames.length, before);
  assert.is(other.frames.length, 0);
  client.send(OpCode.getData, body.read('/a'));
  chains.serve(chains.next());
  assert.equal(answers(client).slice(before), [
    [2, CONNECTIONLOSS],
    [3, OK],
  ]);
  assert.is(client.get('/a'), 'new', 'it was carried out, and nobody could know');
  assert.equal(answers(other), [[1, CONNECTIONLOSS]]);

  chains.holdBack();
  other.send(OpCode.sync, body.path('/a'));
  chains.settle();
  chains.handOver();
  chains.letThrough();
  assert.equal(answers(other).slice(1), [[2, CONNECTIONLOSS]]);
  assert.is(other.create('/b').err, OK);
});

test('the server neither reads from a waiting client nor sends it anything', () => {
  const chains = new Chains();
  const client = chains.client();
  chains.keep();
  client.send(OpCode.create, body.create('/a'));
  client.ping();
  chains.settle();
  assert.is(client.frames.length, 0);
  assert.is(chains.port.connectionCount, 1);
  chains.serve(chains.next());
  assert.equal(answers(client), [
    [1, OK],
    [Xid.ping, OK],
  ]);
});

test('watches stay: they fire while the client waits and afterwards, each as often as it would have', () => {
  const chains = new Chains();
  const [client, other] = [chains.client(), chains.client()];
  for (const path of ['/a', '/b']) client.create(path);
  for (const path of ['/a', '/b']) client.ask(OpCode.getData, body.read(path, true));
  client.ask(OpCode.addWatch, w => w.writeString('/').writeInt(1));
  chains.holdBack();
  other.send(OpCode.setData, body.setData('/a', 'x'));
  chains.settle();
  chains.keep();
  chains.letThrough();
  assert.equal(events(client), ['dataChanged /a'], 'one for both watches');
  chains.serve(chains.next());
  assert.equal(events(client).length, 1);
  for (const path of ['/a', '/b']) assert.is(other.ask(OpCode.setData, body.setData(path, 'y')).err, OK);
  assert.is(other.ask(OpCode.setData, body.setData('/b', 'z')).err, OK);
  assert.equal(events(client).slice(1), ['dataChanged /a', 'dataChanged /b', 'dataChanged /b']);
  client.raw.destroy();
  chains.settle();
  assert.is(chains.ensemble.server(1).database.tree.dataWatches.watcherCount, 0);
});

test('a client that leaves while it waits takes its watches with it, and the former server keeps nothing', () => {
  const chains = new Chains();
  const [client, polite] = [chains.client(), chains.client()];
  client.create('/a');
  for (const each of [client, polite]) each.ask(OpCode.getData, body.read('/a', true));
  chains.holdBack();
  polite.send(OpCode.setData, body.setData('/a', 'x'));
  chains.settle();
  const former = chains.serving;
  chains.keep();
  assert.equal([former.outstanding, former.connections.size], [0, 0]);
  client.raw.destroy();
  polite.raw.finish();
  chains.settle();
  assert.is(chains.port.connectionCount, 1, 'the end of one that is not read from is seen later');
  chains.serve(chains.next());
  assert.is(chains.port.connectionCount, 0);
  assert.is(chains.ensemble.server(1).database.tree.dataWatches.watcherCount, 0);
});

test('a session that the next server does not know is closed; the others go on', () => {
  const chains = new Chains();
  const [unknown, known] = [chains.client(), chains.client()];
  chains.keep();
  const next = chains.next();
  const id = unknown.response!.sessionId;
  next.tracker.remove(Number(BigInt.asIntN(32, id >> 32n)), Number(BigInt.asIntN(32, id)));
  chains.serve(next);
  assert.is.not(unknown.raw.closed, null);
  assert.is(unknown.frames.length, 0);
  assert.is(known.create('/a').err, OK);
});

test('a replaced tree closes all clients, because their watches are in the old one', () => {
  const chains = new Chains();
  const client = chains.client();
  const other = new Chains();
  assert.is(other.client().response!.sessionId, client.response!.sessionId, 'both know the session');
  chains.keep();
  chains.serve(chains.next({ database: other.serving.parts.database }));
  assert.is.not(client.raw.closed, null);
});

test('a server with fewer transactions than the former closes all clients, because they may have seen more', () => {
  const chains = new Chains();
  const client = chains.client();
  client.create('/a');
  chains.keep();
  const next = chains.next();
  Object.defineProperty(next, 'lastProcessedZxid', { value: 1 });
  chains.serve(next);
  assert.is.not(client.raw.closed, null);
});

test('a client without an established session, or that ends its session, is closed; one that sent nothing is served by the next server', () => {
  const chains = new Chains();
  const [closing, leaving, staying] = [chains.client(), chains.client(), chains.client()];
  chains.holdBack();
  const opening = new MemoryClient(chains.ensemble, 1);
  const silent = chains.ensemble.dial(1, CLIENT_PORT);
  closing.send(OpCode.closeSession);
  leaving.send(OpCode.create, body.create('/left'));
  chains.settle();
  leaving.raw.finish();
  chains.settle();
  chains.keep();
  assert.is.not(opening.raw.closed, null);
  assert.is(opening.response, null);
  assert.is.not(closing.raw.closed, null);
  assert.is(chains.port.connectionCount, 2);
  chains.serve(chains.next());
  assert.is(staying.create('/a').err, OK);
  assert.is(silent.closed, null);
});

test('without a next server, waiting clients are closed by the port or when their sessions expire', () => {
  const chains = new Chains();
  const client = chains.client();
  chains.keep();
  chains.port.serve(null);
  client.raw.untilClosed();

  const other = new Chains();
  const patient = other.client();
  other.keep();
  const startMs = other.ensemble.time.nowMs;
  patient.raw.untilClosed();
  const waitedMs = other.ensemble.time.nowMs - startMs;
  const { timeoutMs } = patient.response!;
  assert.ok(waitedMs >= timeoutMs - 100 && waitedMs < 2 * timeoutMs, `${waitedMs} ms of ${timeoutMs}`);
});

test('a server that ends without the clients being kept closes them, as upstream does', () => {
  const chains = new Chains();
  const client = chains.client();
  chains.port.serve(null);
  chains.next();
  assert.is.not(client.raw.closed, null);
});

test('the next server restarts a long read that had begun, and later events follow it', () => {
  const chains = new Chains(1);
  const client = chains.client();
  const many = Array.from({ length: 1_200 }, (_, at) => at);
  client.create('/many');
  for (const at of many) client.send(OpCode.create, body.create(`/many/${at}`));
  client.ask(OpCode.getData, body.read('/many', true));
  const before = client.frames.length;
  const xid = client.send(OpCode.getAllChildrenNumber, body.path('/many'));
  chains.ensemble.wait(
    () => [...chains.port.connections].some(({ outstanding }) => outstanding > 0),
    'the read',
  );
  chains.port.keep();
  chains.settle();
  assert.is(client.frames.length, before);
  chains.serve(chains.next());
  assert.is(new JuteReader(client.reply(xid).body).readInt(), many.length);
  assert.is(client.ask(OpCode.setData, body.setData('/many', 'x')).err, OK);
  assert.equal(events(client), ['dataChanged /many']);
});

test('a learner validates the session at its master; a late answer for a client that has left is ignored', () => {
  const chains = new Chains();
  const client = chains.client();
  const { sessionId } = client.response!;
  const asked: string[] = [];
  const learner = (name: string) =>
    new LearnerZooKeeperServer(chains.serving.parts, {
      mode: 'observer',
      epoch: 0,
      sessionIds: new SessionIds(1, chains.serving.parts.clock),
      membership: quorumOf([1, 2, 3]),
      link: {
        hasRoom: true,
        request: (_high, _low, cxid, op) =>
          void asked.push(op === OpCode.sync ? `${name}: sync` : `${name}: request ${cxid}`),
        revalidate: id => void asked.push(`${name}: revalidate ${id === sessionId}`),
        pause() {},
        resume() {},
      },
    });
  chains.keep();
  chains.serving.stop('the role ends', () => {});
  const [first, second] = [learner('first'), learner('second')];
  chains.port.serve(first);
  client.send(OpCode.create, body.create('/a'));
  chains.keep();
  first.revalidated(sessionId, true);
  chains.port.serve(second);
  chains.settle();
  first.revalidated(sessionId, true);
  chains.settle();
  const both = ['first', 'second'].flatMap(name => [`${name}: revalidate true`, `${name}: sync`]);
  assert.equal(asked, both);
  second.revalidated(sessionId, true);
  second.synced();
  chains.settle();
  assert.equal(asked.slice(both.length), ['second: request 1']);
});

test('clients beyond the number handed over in one turn follow in later turns', () => {
  const chains = new Chains();
  const clients = Array.from({ length: 1_100 }, () => chains.client());
  const serving = chains.serving;
  chains.handOver();
  assert.is(chains.serving.connections.size, clients.length);
  assert.is(serving.connections.size, 0);
  assert.ok(clients.every(({ raw }) => raw.closed === null));
});

test('property: every request is answered once, in order, whenever the server behind it changes', () => {
  const step = fc.constantFrom(
    'write',
    'read',
    'sync',
    'ping',
    'hold',
    'hand over',
    'keep',
    'let through',
    'settle',
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), steps => {
      const chains = new Chains();
      const client = chains.client();
      client.create('/a', '');
      let [sent, isKept] = [1, false];
      for (const each of steps) {
        if (each === 'write') client.send(OpCode.setData, body.setData('/a', `${++sent}`));
        if (each === 'read') client.send(OpCode.getData, body.read('/a', (++sent & 1) === 0));
        if (each === 'sync') client.send(OpCode.sync, body.path(`/${++sent}`));
        if (each === 'ping') client.ping();
        if (each === 'hold' && !isKept) chains.holdBack();
        if (each === 'let through') chains.letThrough();
        if (each === 'settle') chains.settle();
        if (each === 'keep') chains.keep();
        if (each === 'keep') isKept = true;
        if (each === 'hand over') chains.handOver();
        if (each === 'hand over') isKept = false;
      }
      chains.handOver();
      client.raw.write(requestFrame(++sent, OpCode.getData, body.read('/a')));
      chains.settle();
      const xids = answers(client).filter(([xid]) => xid > 0);
      assert.equal(
        xids.map(([xid]) => xid),
        Array.from({ length: sent }, (_, at) => at + 1),
      );
      assert.ok(xids.every(([, err]) => err === OK || err === CONNECTIONLOSS));
      assert.is(client.raw.closed, null);
      assert.is(chains.serving.outstanding, 0);
    }),
    { numRuns: 40 },
  );
});
