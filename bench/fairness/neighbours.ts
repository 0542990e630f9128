/**
 * Neighbours of a quiet client: what clients, monitoring agents and mistakes do to a server. Each goes on
 * until it is stopped. To add one, add its entry here.
 */
import * as net from 'node:net';
import { JuteWriter } from '../../server/wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../server/wire/multi.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import type { LoadTarget } from '../load/load-spec.ts';
import { Session } from '../load/session/session.ts';
import { GUARDED, LARGE, LARGE_BYTES, TARGET, WIDE } from './fairness-tree.ts';

/**
 * Stops the neighbour and returns how many requests the server served for it. A neighbour with none was no
 * neighbour.
 */
export type Stop = () => number;

export interface Neighbour {
  readonly title: string;
  start(target: LoadTarget): Stop;
}

type Ask = (session: Session) => void;

/** Outstanding requests on one connection. */
const PIPELINE = 300;
const LARGE_PIPELINE = 40;
const WORDS_AT_ONCE = 4;
const HELLOS_AT_ONCE = 50;
const CHECKS = 1_500;
const RECONNECT_MS = 20;
const WRITE_BYTES = 500_000;

const SINGLE = {
  walks: {
    title: 'pipelined getAllChildrenNumber of a large tree',
    start: target =>
      pipelines(target, 1, PIPELINE, session => session.begin(OpCode.getAllChildrenNumber).writeString(WIDE)),
  },
  lists: {
    title: 'pipelined getChildren of 50,000 names',
    start: target => pipelines(target, 1, LARGE_PIPELINE, session => read(session, OpCode.getChildren, WIDE)),
  },
  largeReads: {
    title: 'pipelined getData of 900 kB, on two connections',
    start: target => pipelines(target, 2, LARGE_PIPELINE, session => read(session, OpCode.getData, LARGE)),
  },
  stalled: {
    title: 'readers of 900 kB that stop reading, on eight connections',
    start: target => stalledReaders(target, 8),
  },
  largeWrites: {
    title: 'pipelined writes of 500 kB, reads behind them, on four connections',
    start: target => pipelines(target, 4, 8, writeAndRead()),
  },
  guarded: {
    title: 'multis of 1,500 checks on a node with 4,000 ACLs',
    start: target => pipelines(target, 1, 4, checkGuarded),
  },
  watchers: {
    title: 'a connection that sets 50,000 watches again and again',
    start: target => pipelines(target, 1, 2, setManyWatches),
  },
  words: {
    title: 'wchp, dump and cons, four askers at a time',
    start: target => askers(target, WORDS_AT_ONCE, ['wchp', 'dump', 'cons', 'wchc']),
  },
  storm: {
    title: 'fifty connections at a time that ask for a session and leave',
    start: target => comersAndGoers(target, HELLOS_AT_ONCE, hello()),
  },
  strangers: {
    title: 'fifty connections at a time that send bytes that are not a frame',
    start: target => comersAndGoers(target, HELLOS_AT_ONCE, Buffer.from('ffffffff00000000', 'hex')),
  },
} as const satisfies Record<string, Neighbour>;

const CROWD: readonly Neighbour[] = [SINGLE.walks, SINGLE.largeReads, SINGLE.guarded, SINGLE.words];

export const NEIGHBOURS = {
  ...SINGLE,
  crowd: {
    title: 'walks, large reads, guarded multis and words, all at once',
    start: target => allOf(CROWD.map(each => each.start(target))),
  },
} as const satisfies Record<string, Neighbour>;

export type NeighbourName = keyof typeof NEIGHBOURS;

/** Sessions that each keep `depth` requests outstanding, and reconnect when the server closes them. */
function pipelines(target: LoadTarget, count: number, depth: number, ask: Ask): Stop {
  return allOf(Array.from({ length: count }, () => pipeline(target, depth, ask)));
}

function allOf(stops: readonly Stop[]): Stop {
  return () => stops.reduce((sum, stop) => sum + stop(), 0);
}

function pipeline(target: LoadTarget, depth: number, ask: Ask): Stop {
  let stopped = false;
  let session: Session | undefined;
  let answers = 0;
  const again = (): void => {
    if (!stopped) setTimeout(connect, RECONNECT_MS);
  };
  const handler = {
    onReply: () => {
      answers++;
      send(1);
    },
    onLost: () => {},
  };
  const send = (count: number): void => {
    for (let sent = 0; sent < count && !stopped && session?.isOpen && !session.full; sent++) {
      ask(session);
      session.end(handler);
    }
  };
  const connect = (): void => {
    if (stopped) return;
    session = new Session({ ...target, readOnly: false, timeoutMs: 30_000, onEnd: again });
    session.open().then(() => send(depth), again);
  };
  connect();
  return () => {
    stopped = true;
    session?.destroy();
    return answers;
  };
}

function read(session: Session, op: OpCode, path: string): void {
  session.begin(op).writeString(path).writeBoolean(false);
}

function writeAndRead(): Ask {
  const data = Buffer.alloc(WRITE_BYTES, 'y');
  let turn = 0;
  return session => {
    if (turn++ % 2 === 0) session.begin(OpCode.setData).writeString(TARGET).writeBuffer(data).writeInt(-1);
    else read(session, OpCode.getData, LARGE);
  };
}

function checkGuarded(session: Session): void {
  const body = session.begin(OpCode.multi);
  for (let at = 0; at < CHECKS; at++) {
    writeMultiHeader(body, OpCode.check, false, -1);
    body.writeString(GUARDED).writeInt(-1);
  }
  writeMultiEnd(body);
}

const WATCHES = 50_000;
const NO_PATHS: readonly string[] = [];

function setManyWatches(session: Session): void {
  const body = session.begin(OpCode.setWatches).writeLong(2 ** 52);
  const paths = Array.from({ length: WATCHES }, (_, at) => `/w${at}`);
  for (const list of [NO_PATHS, paths, NO_PATHS])
    body.writeVector(list, (w, path) => void w.writeString(path));
}

/** Clients that send requests, read some replies, and then stop reading. */
function stalledReaders({ host, port }: LoadTarget, count: number): Stop {
  const request = framed(w => w.writeInt(1).writeInt(OpCode.getData).writeString(LARGE).writeBoolean(false));
  const requests = Buffer.concat([hello(), ...Array.from({ length: LARGE_PIPELINE }, () => request)]);
  let stalled = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = net.connect({ host, port }, () => socket.write(requests));
    socket.on('error', () => {});
    let received = 0;
    socket.on('data', chunk => {
      received += chunk.length;
      if (received <= LARGE_BYTES) return;
      socket.pause();
      stalled++;
    });
    return socket;
  });
  return () => {
    for (const socket of sockets) socket.destroy();
    return stalled;
  };
}

/** Monitoring agents that ask far too often. */
function askers(target: LoadTarget, atOnce: number, words: readonly string[]): Stop {
  let turn = 0;
  return eachAfterTheOther(target, atOnce, () => Buffer.from(words[turn++ % words.length]!), 'until closed');
}

function comersAndGoers(target: LoadTarget, atOnce: number, bytes: Buffer): Stop {
  return eachAfterTheOther(target, atOnce, () => bytes, 'first answer');
}

function eachAfterTheOther(
  { host, port }: LoadTarget,
  atOnce: number,
  bytes: () => Buffer,
  stays: 'until closed' | 'first answer',
): Stop {
  let stopped = false;
  let ended = 0;
  const open = new Set<net.Socket>();
  const next = (): void => {
    if (stopped) return;
    const socket = net.connect({ host, port }, () => socket.write(bytes()));
    open.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      if (stays === 'first answer') socket.destroy();
    });
    socket.on('close', () => {
      open.delete(socket);
      ended++;
      setTimeout(next, 1);
    });
  };
  for (let at = 0; at < atOnce; at++) next();
  return () => {
    stopped = true;
    for (const socket of open) socket.destroy();
    return ended;
  };
}

function hello(): Buffer {
  const passwordBytes = 16;
  return framed(w =>
    w
      .writeInt(0)
      .writeLong(0)
      .writeInt(30_000)
      .writeLong(0)
      .writeBuffer(Buffer.alloc(passwordBytes))
      .writeBoolean(false),
  );
}

function framed(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter().writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}
