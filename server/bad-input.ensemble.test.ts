/**
 * Bytes that are no protocol, on every port of real processes: they end their own connection and nothing
 * else.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { type Ensemble, withEnsemble } from './interop/ensemble.test-kit.ts';
import type { Member } from './interop/member.test-kit.ts';
import type { ZkClient } from './interop/zk-client.test-kit.ts';
import { writeConnectRequest } from './wire/connect.ts';
import { JuteWriter } from './wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from './wire/multi.ts';
import { OpCode } from './wire/opcodes.ts';
import { PacketType, writeQuorumPacket } from './wire/quorum-packet.ts';
import { writePathWatchRequest } from './wire/requests.ts';

const test = suite('bad input, real processes');
const DEADLINE = { deadlineMs: 300_000 };

const OBSERVER_MASTER_PORT = 2191;
const SETTINGS = [`observerMasterPort=${OBSERVER_MASTER_PORT}`, 'nio.sessionlessCnxnTimeout=1500'];
const PLANS = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab', observer: true }] as const;
const CLOSED_DEADLINE_MS = 60_000;
const RSS_BYTES_MAX = 512 * 1024 * 1024;

function ints(...values: number[]): Buffer {
  const writer = new JuteWriter();
  for (const value of values) writer.writeInt(value);
  return writer.toBuffer();
}

function framed(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter().writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}

function hello(): Buffer {
  return framed(w =>
    writeConnectRequest(w, {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeoutMs: 4000,
      sessionId: 0n,
      password: Buffer.alloc(16),
      readOnly: false,
    }),
  );
}

function packet(type: number, data: Buffer | null = null): Buffer {
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type: type as PacketType, zxid: 0, data, authinfo: null });
  return writer.toBuffer();
}

function learnerInfo(sid: number): Buffer {
  return new JuteWriter().writeLong(sid).writeInt(0x10000).writeLong(0).toBuffer();
}

/** The LearnerInfo of a sid that nobody has. */
const LEARNER_INFO = learnerInfo(77);

const BAD_FRAMES: Readonly<Record<string, Buffer>> = {
  'a length below zero': ints(-1, 0, 0),
  'a length beyond all limits': ints(0x7fff_ffff, 0, 0),
  'a record that ends too early': ints(8, 0, 0),
  'a request without a header': Buffer.concat([hello(), ints(2), Buffer.from([0, 0])]),
  'half a frame, then silence': ints(1000, 0, 0),
  'random bytes': Buffer.concat([ints(-559_038_737), randomBytes(64 * 1024)]),
};

const BAD_PACKETS: Readonly<Record<string, Buffer>> = {
  'an unknown type': ints(99, 0, 0, -1, -1),
  'data of negative length': ints(PacketType.OBSERVERINFO, 0, 0, -7, -1),
  'data beyond all limits': ints(PacketType.OBSERVERINFO, 0, 0, 0x7fff_ffff, -1),
  'authinfo beyond all limits': ints(PacketType.REQUEST, 0, 0, -1, 0x7fff_ffff),
  'a packet out of its turn': packet(PacketType.ACK),
  'a learner that says nothing of itself': packet(PacketType.OBSERVERINFO),
  'traffic before the handshake is over': Buffer.concat([
    packet(PacketType.OBSERVERINFO, LEARNER_INFO),
    packet(PacketType.REQUEST, Buffer.alloc(16)),
  ]),
  'random bytes': randomBytes(64 * 1024),
};

/** protocol version -65536, sid, then the address. */
const BAD_MESSAGES: Readonly<Record<string, Buffer>> = {
  'an address of negative length': ints(-1, -65536, 0, 77, -5, 0),
  'an address beyond all limits': ints(-1, -65536, 0, 77, 0x7fff_ffff, 0),
  'a protocol that nobody speaks': ints(-1, -7, 0, 77, 4, 0),
  'random bytes': Buffer.concat([ints(-1), randomBytes(64 * 1024)]),
};

let attackers = 0;

/**
 * Sends bytes and waits until the other side has closed. Returns the address from which it dialed, as the log
 * names it. Each attack has its own address, because two connections to different ports may come from the
 * same port.
 */
function attack(host: string, port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const from = `127.33.0.${++attackers}`;
    const socket = net.connect({ host, port, localAddress: from });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`${host}:${port} kept the connection for ${CLOSED_DEADLINE_MS} ms`));
    }, CLOSED_DEADLINE_MS);
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', () => {});
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(from);
    });
  });
}

async function attackAll(
  member: Member,
  port: number,
  inputs: Readonly<Record<string, Buffer>>,
): Promise<void> {
  for (const [name, bytes] of Object.entries(inputs)) {
    const from = await attack(member.host, port, bytes);
    const told = () => member.log.split('\n').filter(line => line.includes(`"${from}:`));
    await until(() => told().length > 0, {
      deadlineMs: 30_000,
      what: `a line about ${name} on port ${port}, from ${from}`,
    });
    assert.is(told().length, 1, `${name} on port ${port}:\n${told().join('\n')}`);
  }
}

/** Writes and reads without end; any failure, and any reply that is not of the last write, fails the test. */
class HealthyClient {
  readonly #client: ZkClient;
  readonly #done: Promise<void>;
  #stopped = false;
  rounds = 0;

  constructor(client: ZkClient) {
    this.#client = client;
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    await this.#client.create('/healthy', 'new');
    while (!this.#stopped) {
      await this.#client.set('/healthy', String(this.rounds));
      assert.is(await this.#client.get('/healthy'), String(this.rounds));
      this.rounds++;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    assert.ok(this.rounds > 0);
  }
}

async function withHealthyClient(
  sid: number,
  body: (ensemble: Ensemble, leader: Member, follower: Member) => Promise<void>,
): Promise<void> {
  await withEnsemble(
    PLANS,
    async ensemble => {
      await ensemble.start();
      const leader = await ensemble.leader();
      const follower = ensemble.running.find(member => member !== leader && member.sid !== 3)!;
      const pids = ensemble.running.map(member => member.pid);
      const healthy = new HealthyClient(await ensemble.client(sid));
      try {
        await body(ensemble, leader, follower);
      } finally {
        await healthy.stop();
      }
      assert.equal(
        ensemble.running.map(member => member.pid),
        pids,
      );
      for (const member of ensemble.running) {
        assert.ok((await member.mode()) !== undefined, `member ${member.sid} serves`);
        assert.ok(residentBytes(member) < RSS_BYTES_MAX, `${residentBytes(member)} bytes resident`);
        assert.not.match(member.log, /"event":"(leading|learning)Ends"/);
      }
      await ensemble.agrees();
    },
    SETTINGS,
  );
}

function residentBytes(member: Member): number {
  const status = readFileSync(`/proc/${member.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test(
  'client, quorum, election and observer-master ports: one line in the log each, and a healthy client notices nothing',
  async () => {
    await withHealthyClient(3, async (_ensemble, leader, follower) => {
      await Promise.all([
        attackAll(leader, 2181, BAD_FRAMES),
        attackAll(leader, 2888, {
          ...BAD_PACKETS,
          'the id of a follower that serves': Buffer.concat([
            packet(PacketType.FOLLOWERINFO, learnerInfo(follower.sid)),
            packet(PacketType.PING),
          ]),
        }),
        attackAll(leader, 3888, BAD_MESSAGES),
        attackAll(leader, OBSERVER_MASTER_PORT, BAD_PACKETS),
        attackAll(follower, 2181, BAD_FRAMES),
        attackAll(follower, OBSERVER_MASTER_PORT, BAD_PACKETS),
        attackAll(follower, OBSERVER_MASTER_PORT, {
          'a follower': packet(PacketType.FOLLOWERINFO, LEARNER_INFO),
        }),
        attackAll(follower, 3888, BAD_MESSAGES),
      ]);
    });
  },
  DEADLINE,
);

test(
  'clients that begin large frames, ask for more than they read, or ask 30,000 times at once for the same node of 500 KiB',
  async () => {
    await withHealthyClient(1, async (ensemble, leader) => {
      await (await ensemble.client(1)).create('/large', 'x'.repeat(500_000));
      const beginners = Array.from({ length: 40 }, () =>
        attack(leader.host, 2181, Buffer.concat([ints(1_000_000), Buffer.alloc(500_000)])),
      );
      const getLarge = framed(w => {
        w.writeInt(1).writeInt(OpCode.getData);
        writePathWatchRequest(w, { path: '/large', watch: false });
      });
      const manyReads = Buffer.concat([hello(), ...Array.from({ length: 5_000 }, () => getLarge)]);
      const oneLargeRead = framed(w => {
        w.writeInt(1).writeInt(OpCode.multiRead);
        for (let part = 0; part < 30_000; part++) {
          writeMultiHeader(w, OpCode.getData, false, -1);
          writePathWatchRequest(w, { path: '/large', watch: false });
        }
        writeMultiEnd(w);
      });
      const silent = await neverReads(leader.host, manyReads);
      await attackThenClose(leader.host, Buffer.concat([hello(), oneLargeRead]));
      await Promise.all(beginners);
      silent.destroy();
      assert.ok(residentBytes(leader) < RSS_BYTES_MAX, `${residentBytes(leader)} bytes resident`);
    });
  },
  DEADLINE,
);

/** A client that writes and does not read: the server keeps a bounded amount for it, and goes on. */
async function neverReads(host: string, bytes: Buffer): Promise<net.Socket> {
  const socket = net.connect({ host, port: 2181 });
  socket.on('error', () => {});
  await new Promise<void>(resolve => socket.once('connect', resolve));
  socket.pause();
  socket.write(bytes);
  return socket;
}

/** Waits for the ConnectResponse and one reply: that of the last request. */
function attackThenClose(host: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: 2181 });
    let received = 0;
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', chunk => {
      received += chunk.length;
      // 41 bytes of ConnectResponse, 20 of a reply without a body.
      if (received >= 61) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}
