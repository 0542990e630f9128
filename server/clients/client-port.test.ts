import { assert, suite } from '#test';
import { helloFrame, MemoryClient } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble, type RawConnection } from '../memory-ensemble.test-kit.ts';
import { sessionIdHex } from '../sessions/session-id.ts';
import { OpCode } from '../wire/opcodes.ts';
import { zxidToHex } from '../wire/zxid.ts';

const test = suite('clients: the port');

function standalone(settings: Readonly<Record<string, string | number>> = {}): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 0, settings }).start();
}

const MOVED_PORT = 2291;

function word(ensemble: MemoryEnsemble, text: string, sid = 1, port = CLIENT_PORT): string {
  const raw = ensemble.dial(sid, port);
  raw.write(Buffer.from(text));
  raw.untilClosed();
  return raw.received.toString();
}

/** Counts what is looked at. */
class CountingSet extends Set<string> {
  looks = 0;

  override *keys(): SetIterator<string> {
    for (const path of super.keys()) {
      this.looks++;
      yield path;
    }
    return undefined;
  }

  override [Symbol.iterator](): SetIterator<string> {
    return this.keys();
  }
}

test('maxClientCnxns counts by address, and a closed connection makes room', () => {
  const ensemble = standalone({ maxClientCnxns: 3 });
  const from = (host: string): RawConnection => ensemble.dial(1, CLIENT_PORT, host);
  const kept = [1, 2, 3].map(() => {
    const clientHost = ensemble.network.find('here');
    return clientHost === undefined ? from('here') : dialAgain(ensemble, 'here');
  });
  const fourth = dialAgain(ensemble, 'here');
  fourth.untilClosed();
  assert.is(fourth.received.length, 0);
  assert.equal(
    kept.map(raw => raw.closed),
    [null, null, null],
  );
  assert.is(from('elsewhere').closed, null);
  kept[0]!.destroy();
  ensemble.time.advance(10);
  const again = dialAgain(ensemble, 'here');
  again.write(helloFrame());
  assert.is(again.untilReceived(41).length, 41);
  assert.is(ensemble.server(1).metrics.counter('connection_rejected').value, 1);
});

test('each refusal is an event that says who was refused and why', () => {
  const ensemble = standalone({ maxClientCnxns: 2 });
  const client = MemoryClient.open(ensemble, 1);
  const session = sessionIdHex(client.response!.sessionId);
  client.send(OpCode.auth, w => w.writeInt(0).writeString('nonsense').writeBuffer(Buffer.from('x')));
  client.raw.untilClosed();
  ensemble.dial(1, CLIENT_PORT, 'here');
  dialAgain(ensemble, 'here');
  dialAgain(ensemble, 'here').untilClosed();
  const { sessionId } = MemoryClient.open(ensemble, 1).response!;
  for (const hello of [{ lastZxidSeen: 0x7_0000_0000 }, { sessionId, password: Buffer.alloc(16) }]) {
    const raw = ensemble.dial(1, CLIENT_PORT);
    raw.write(helloFrame(hello));
    raw.untilClosed();
  }
  const refused = ensemble.events.get(1)!.filter(event => event.kind === 'clientRefused');
  assert.equal(
    refused.map(event => [event.session, event.reason]),
    [
      [session, 'authentication with scheme nonsense failed'],
      [null, 'too many connections: 2 from its address (maxClientCnxns)'],
      [
        null,
        `client has seen zxid 0x700000000, this server ${zxidToHex(ensemble.server(1).database.lastProcessedZxid)}`,
      ],
      [sessionIdHex(sessionId), 'wrong password for a session'],
    ],
  );
});

/** `dial` takes the host name as dead; this one goes on from the same host. */
function dialAgain(ensemble: MemoryEnsemble, host: string): RawConnection {
  return ensemble.dialFrom(ensemble.network.find(host)!, 1, CLIENT_PORT);
}

test('a moved port takes new clients, and those of the old one stay', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble, 1);
  const { port } = ensemble.server(1).view;
  port!.move({ host: '0.0.0.0', port: MOVED_PORT });
  assert.match(ensemble.dial(1, CLIENT_PORT).closed ?? 'open', /ECONNREFUSED/);
  const other = ensemble.dial(1, MOVED_PORT);
  other.write(helloFrame());
  assert.is(other.untilReceived(41).length, 41);
  assert.is(client.raw.closed, null);
  assert.equal(ensemble.server(1).view.clientAddress, { host: '0.0.0.0', port: MOVED_PORT });
  assert.match(word(ensemble, 'conf', 1, MOVED_PORT), new RegExp(`^clientPort=${MOVED_PORT}\n`));
  port!.shut();
  client.raw.untilClosed();
  assert.match(ensemble.dial(1, MOVED_PORT).closed ?? 'open', /ECONNREFUSED/);
  port!.move({ host: '0.0.0.0', port: CLIENT_PORT });
  MemoryClient.open(ensemble, 1);
});

test('the port that it moves to is tried until it is free, and the server goes on', () => {
  const ensemble = standalone();
  const host = ensemble.network.find('zk1')!;
  const holder = host.listen(
    { host: '0.0.0.0', port: MOVED_PORT },
    { onListening() {}, onConnection() {}, onError() {} },
  );
  ensemble.time.advance(1);
  ensemble.server(1).view.port!.move({ host: '0.0.0.0', port: MOVED_PORT });
  ensemble.time.advance(10_000);
  assert.equal(ensemble.messages(1, 'warn').length, 1, 'told once');
  assert.is(ensemble.fatal.size, 0);
  holder.close();
  ensemble.time.advance(1100);
  const raw = ensemble.dial(1, MOVED_PORT);
  raw.write(helloFrame());
  assert.is(raw.untilReceived(41).length, 41);
});

test('clientPortListenBacklog reaches the system; without it, the backlog is the network’s own', () => {
  for (const [lines, expected] of [
    [{}, undefined],
    [{ clientPortListenBacklog: -1 }, undefined],
    [{ clientPortListenBacklog: 7 }, 7],
  ] as const) {
    const ensemble = new MemoryEnsemble({ voters: 0, settings: lines });
    const machine = ensemble.machine(1);
    const boot = machine.boot.bind(machine);
    const asked = new Map<number, number | undefined>();
    machine.boot = options => {
      const runtime = boot(options);
      const listen = runtime.network.listen.bind(runtime.network);
      runtime.network.listen = (address, events, options) => {
        asked.set(address.port, options?.backlog);
        return listen(address, events);
      };
      return runtime;
    };
    ensemble.start();
    assert.ok(asked.has(CLIENT_PORT));
    assert.is(asked.get(CLIENT_PORT), expected);
  }
});

test('maxCnxns counts the connections of all addresses', () => {
  const ensemble = standalone({ maxCnxns: 2 });
  const raws = [1, 2, 3].map(() => ensemble.dial(1, CLIENT_PORT));
  ensemble.time.advance(50);
  assert.equal(
    raws.map(raw => raw.closed === null),
    [true, true, false],
  );
});

test('a connection that asks for no session in time is closed, with a line in the log; a session stays', () => {
  const ensemble = standalone({ 'nio.sessionlessCnxnTimeout': 3_000, maxSessionTimeout: 60_000 });
  const client = MemoryClient.open(ensemble, 1, { timeoutMs: 60_000 });
  const idle = ensemble.dial(1, CLIENT_PORT);
  const slow = ensemble.dial(1, CLIENT_PORT);
  slow.write(helloFrame().subarray(0, 20));
  ensemble.time.advance(2_500);
  assert.equal([idle.closed, slow.closed], [null, null]);
  ensemble.time.advance(4_000);
  assert.ok(idle.closed !== null && slow.closed !== null);
  assert.is(client.raw.closed, null);
  assert.is(ensemble.messages(1, 'warn').filter(line => /asked for no session in time/.test(line)).length, 2);
});

test('a frame that is too large, and one below zero, close the connection at their first four bytes', () => {
  const ensemble = standalone({ 'jute.maxbuffer': 1_000 });
  for (const length of [1_001, -1, 0x7fff_ffff]) {
    const raw = ensemble.dial(1, CLIENT_PORT);
    const head = Buffer.alloc(4);
    head.writeInt32BE(length);
    raw.write(head);
    raw.untilClosed(1_000);
  }
  assert.is(ensemble.messages(1, 'warn').filter(line => /0 to 1000 are accepted/.test(line)).length, 3);
});

test('while nobody serves, clients are closed without a reply, and words say so', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  ensemble.time.advance(500);
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(helloFrame());
  raw.untilClosed();
  assert.is(raw.received.length, 0);
  const closed = 'srvr stat mntr cons crst srst dump wchs wchc wchp dirs conf hash'.split(' ');
  for (const text of closed)
    assert.is(word(ensemble, text), 'This ZooKeeper instance is not currently serving requests\n', text);
  assert.is(word(ensemble, 'ruok'), 'imok');
  assert.is(word(ensemble, 'isro'), 'null');
});

test('four-letter words in upstream’s text, in one piece or byte by byte', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/a');
  assert.is(word(ensemble, 'ruok'), 'imok');
  const raw = ensemble.dial(1, CLIENT_PORT);
  for (const letter of 'ruok') {
    raw.write(Buffer.from(letter));
    ensemble.time.advance(1);
  }
  raw.untilClosed();
  assert.is(raw.received.toString(), 'imok');

  const srvr = word(ensemble, 'srvr').split('\n');
  const shapes = [
    /^Zookeeper version: 3\./,
    /^Latency min\/avg\/max: \d+\/\d+\.\d{1,4}\/\d+$/,
    /^Received: \d+$/,
    /^Sent: \d+$/,
    /^Connections: \d+$/,
    /^Outstanding: 0$/,
    /^Zxid: 0x[0-9a-f]+$/,
    /^Mode: standalone$/,
    /^Node count: 6$/,
  ];
  for (const [i, shape] of shapes.entries()) assert.match(srvr[i]!, shape);
  const stat = word(ensemble, 'stat');
  assert.match(stat, /\nClients:\n \/visitor\d+:\d+\[1\]\(queued=0,recved=2,sent=2\)\n/);
  assert.match(word(ensemble, 'mntr'), /^zk_version\t.*\n(zk_[a-z0-9_]+(\{[^}]*\})?\t[^\n]*\n)+$/);
  assert.match(word(ensemble, 'conf'), /^clientPort=2181\n(.*\n)*tickTime=200\n/);
  assert.match(word(ensemble, 'cons'), /sid=0x[0-9a-f]+,lop=\w+,.*lcxid=0x1,lzxid=0x/);
  assert.is(word(ensemble, 'isro'), 'rw');
  assert.is(word(ensemble, 'srst'), 'Server stats reset.\n');
  assert.match(word(ensemble, 'wchs'), /^0 connections watching 0 paths\nTotal watches:0\n/);
  assert.match(word(ensemble, 'dirs'), /^datadir_size: \d+\nlogdir_size: \d+\n$/);
  assert.match(word(ensemble, 'dump'), /^SessionTracker dump:\nSession Sets \(1\)\/\(1\):\n/);
});

test('words outside the whitelist are refused by name; unknown words are read as frames', () => {
  const ensemble = standalone({ '4lw.commands.whitelist': 'srvr' });
  assert.is(word(ensemble, 'ruok'), 'ruok is not executed because it is not in the whitelist.\n');
  assert.match(word(ensemble, 'srvr'), /Mode: standalone/);
  assert.is(word(ensemble, 'nope'), '');
});

function plant(object: object, property: string): void {
  const get = () => {
    throw new Error(`planted in ${property}`);
  };
  Object.defineProperty(object, property, { get, configurable: true });
}

test('a failing word or metric ends nothing: it is counted and logged once, and the rest goes on (ZK_GUARD)', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const { view, metrics } = ensemble.server(1);
  plant(view.stats, 'latencyAvgMs');
  assert.match(
    word(ensemble, 'srvr'),
    /the four-letter word srvr failed \(ZK_GUARD\), and the log of the server says why\.\n$/,
  );
  const mntr = word(ensemble, 'mntr');
  assert.not.match(mntr, /zk_avg_latency/);
  assert.match(mntr, /\nzk_max_latency\t0\n/);
  assert.match(mntr, /\nzk_guarded_failure_count\t2\n/);
  assert.is(word(ensemble, 'ruok'), 'imok');
  assert.is(client.create('/a').err, 0);
  assert.is(ensemble.fatal.size, 0);
  const lines = ensemble.messages(1, 'error');
  assert.equal(lines, [
    'the four-letter word srvr failed, and the server goes on without it: planted in latencyAvgMs',
  ]);
  assert.is(metrics.counter('guarded_failure_count').value, 2);
});

test('a failing check of one connection ends nothing, and the others are checked (ZK_GUARD)', () => {
  const ensemble = standalone({ 'nio.sessionlessCnxnTimeout': 500 });
  const client = MemoryClient.open(ensemble);
  const [bad] = ensemble.server(1).view.port!.connections;
  Object.assign(bad!, {
    touchWhileHeld: () => {
      throw new Error('planted');
    },
  });
  const silent = ensemble.dial(1, CLIENT_PORT);
  silent.untilClosed(10_000);
  assert.equal([ensemble.fatal.size, client.raw.closed], [0, null]);
  assert.ok(ensemble.server(1).metrics.counter('guarded_failure_count').value > 0);
});

test('field report B1: a long answer leaves turns to other clients and arrives complete', () => {
  const ensemble = standalone();
  const [watcher, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const { dataWatches } = ensemble.server(1).database.tree;
  const [connection] = ensemble.server(1).view.port!.connections;
  for (let i = 0; i < 20_000; i++) dataWatches.add(`/${'x'.repeat(90)}${i}`, connection!);
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(Buffer.from('wchc\n'));
  let answers = 0;
  while (raw.closed === null) {
    const before = raw.receivedBytes;
    quiet.ping();
    ensemble.wait(() => quiet.frames.length > answers || raw.closed !== null, 'a ping');
    assert.ok(raw.receivedBytes - before < 1_500_000, 'no more in the time of a ping');
    answers = quiet.frames.length;
  }
  assert.is(raw.received.toString().split('\n').length, 20_003);
  assert.ok(answers > 3, `${answers} pings were answered meanwhile`);
  assert.is(watcher.raw.closed, null);
});

test('field report B1: wchc of 200,000 watches takes several turns, and a ping is answered before it is done', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, turnMs: 5 }).start();
  const [watcher, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const { dataWatches } = ensemble.server(1).database.tree;
  const [connection] = ensemble.server(1).view.port!.connections;
  const WATCHES = 200_000;
  const watched = new CountingSet(Array.from({ length: WATCHES }, (_, i) => `/${i}`));
  dataWatches.pathsOf = asked => (asked === connection ? watched : undefined);
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(Buffer.from('wchc\n'));
  ensemble.wait(() => watched.looks > 0, 'the first look');
  quiet.ping();
  let most = watched.looks;
  let before = watched.looks;
  let atAnswer = 0;
  ensemble.wait(() => {
    most = Math.max(most, watched.looks - before);
    before = watched.looks;
    if (atAnswer === 0 && quiet.frames.length > 0) atAnswer = watched.looks;
    return raw.closed !== null;
  }, 'the whole answer');
  assert.ok(most < WATCHES / 4, `${most} looks in one turn`);
  assert.ok(atAnswer < WATCHES / 2, `${atAnswer} looks before the ping was answered`);
  assert.equal([raw.received.toString().split('\n').length, watcher.raw.closed], [WATCHES + 3, null]);
});

test('mode and quorum in the words of an ensemble', () => {
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1 }).start();
  const { leader } = ensemble;
  const follower = leader === 1 ? 2 : 1;
  assert.match(word(ensemble, 'srvr', leader), /Mode: leader\n(.*\n)*Proposal sizes last\/min\/max: /);
  assert.match(word(ensemble, 'srvr', follower), /Mode: follower\n/);
  assert.match(word(ensemble, 'srvr', 3), /Mode: observer\n/);
  assert.match(word(ensemble, 'mntr', leader), /\nzk_synced_followers\t1\n/);
  assert.match(word(ensemble, 'mntr', leader), /\nzk_synced_observers\t1\n/);
  assert.match(word(ensemble, 'mntr', 3), /\nzk_peer_state\tobserving - broadcast\n/);
});

test('field report C1: with minSessionTimeout=0 and tickTime=1 the port checks its connections at most once a ms', () => {
  const rows: Record<string, number>[] = [
    { minSessionTimeout: 0 },
    { tickTime: 1, minSessionTimeout: 1, maxSessionTimeout: 1 },
  ];
  for (const settings of rows) {
    const ensemble = standalone(settings);
    const client = MemoryClient.open(ensemble, 1, { timeoutMs: 1 });
    assert.ok(client.response!.timeoutMs <= 6_000);
    ensemble.time.advance(5);
  }
});
