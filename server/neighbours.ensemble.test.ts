/**
 * What one client or stranger may cost all others, on real processes over the wire alone. Nothing is timed:
 * `mntr` counts what a server has done before it answers, and the kernel counts memory.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import { assert, suite } from '#test';
import { type Ensemble, withEnsemble } from './interop/ensemble.test-kit.ts';
import type { Member } from './interop/member.test-kit.ts';
import { Stranger } from './interop/stranger.test-kit.ts';
import type { Reply, ZkClient } from './interop/zk-client.test-kit.ts';
import { ErrorCode } from './wire/error-codes.ts';
import { OpCode } from './wire/opcodes.ts';
import { PacketType } from './wire/quorum-packet.ts';
import { writePathWatchRequest, writeSetDataRequest } from './wire/requests.ts';

const test = suite('neighbours, real processes');
const DEADLINE = { deadlineMs: 300_000 };

const VOTERS = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab' }] as const;
const QUORUM_PORT = 2888;
const MEGABYTE = Buffer.alloc(1_000_000, 'x');

/** Numbers of `mntr`, by name without zk_. */
function numbersOf(mntr: string): Map<string, number> {
  const lines = mntr.split('\n').map(line => line.split('\t'));
  return new Map(lines.map(([name, value]) => [String(name).replace('zk_', ''), Number(value)]));
}

/** A connection that asks `mntr` when it is told to. */
class LateQuestion {
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  static async connect({ host, clientPort }: Member): Promise<LateQuestion> {
    const socket = net.connect({ host, port: clientPort });
    await once(socket, 'connect');
    return new LateQuestion(socket);
  }

  async ask(): Promise<Map<string, number>> {
    const chunks: Buffer[] = [];
    this.#socket.on('data', chunk => chunks.push(chunk));
    this.#socket.write('mntr');
    await once(this.#socket, 'end');
    return numbersOf(Buffer.concat(chunks).toString());
  }
}

/** The largest resident memory at any time, in MiB. */
function mostResidentMib(member: Member): number {
  const status = readFileSync(`/proc/${member.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

function read(client: ZkClient, path: string): Promise<Reply> {
  return client.exchange(OpCode.getData, w => writePathWatchRequest(w, { path, watch: false }));
}

function write(client: ZkClient, path: string, data: Buffer): Promise<Reply> {
  return client.exchange(OpCode.setData, w => writeSetDataRequest(w, { path, data, version: -1 }));
}

function pipelined<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, ask));
}

/** Runs `body` on the leader of three members, with a node of a megabyte. */
async function withLeader(body: (leader: Member, client: ZkClient, ensemble: Ensemble) => Promise<void>) {
  await withEnsemble(VOTERS, async ensemble => {
    await ensemble.start();
    const leader = await ensemble.leader();
    const client = await ensemble.client(leader.sid);
    await client.create('/large', '');
    await write(client, '/large', MEGABYTE);
    await body(leader, client, ensemble);
  });
}

test(
  'field report B1: a client behind 300 getAllChildrenNumber and getChildren of 20,000 nodes waits only for some of them, a few turns of the loop',
  () =>
    withLeader(async (leader, client) => {
      const [NODES, ASKED] = [20_000, 300];
      for (let from = 0; from < NODES; from += 1000)
        await Promise.all(Array.from({ length: 1000 }, (_, i) => client.create(`/${from + i}`)));
      const question = await LateQuestion.connect(leader);
      const before = numbersOf(await leader.word('mntr'));
      // All requests have arrived when the server reads, so the server alone chooses what it answers first.
      await leader.pause();
      const replies = Array.from({ length: ASKED / 2 }, () => [
        client.exchange(OpCode.getAllChildrenNumber, w => void w.writeString('/')),
        client.exchange(OpCode.getChildren, w => writePathWatchRequest(w, { path: '/', watch: false })),
      ]);
      await client.flushed();
      const asked = question.ask();
      leader.resume();
      const answer = await asked;
      const since = (name: string) => answer.get(name)! - before.get(name)!;
      process.stdout.write(
        `  ${since('packets_sent')} packets, ${since('event_loop_turns')} turns before the answer\n`,
      );
      assert.ok(since('packets_sent') < ASKED / 2, `${since('packets_sent')} packets before the answer`);
      assert.ok(since('event_loop_turns') <= 20, `${since('event_loop_turns')} turns before the answer`);
      for (const { err, body } of await Promise.all(replies.flat()))
        assert.ok(err === ErrorCode.OK && body.readInt() >= NODES);
    }),
  DEADLINE,
);

test(
  'field report B3: 80 pipelined getData of 1 MB by a client that reads at once are all answered',
  () =>
    withLeader(async (_leader, client) => {
      for (const { err, body } of await pipelined(80, () => read(client, '/large'))) {
        assert.is(err, ErrorCode.OK);
        assert.is(body.readBuffer()?.length, MEGABYTE.length);
      }
    }),
  DEADLINE,
);

test(
  'field report B4: wchc of 10 MB comes whole to a client that has closed its half and reads between questions; 40 that never read cost little',
  () =>
    withLeader(async (leader, client, ensemble) => {
      const [WATCHES, PATH_CHARS, UNREAD] = [20, 500_000, 40];
      const watcher = await ensemble.client(leader.sid);
      for (let n = 0; n < WATCHES; n++) await watcher.exists(`/${n}`.padEnd(PATH_CHARS, 'x'), true);
      const half = async () => {
        const socket = net.connect({ host: leader.host, port: leader.clientPort, allowHalfOpen: true });
        await once(socket, 'connect');
        socket.pause();
        socket.end('wchc');
        return socket;
      };
      const [slow, ...unread] = await Promise.all(Array.from({ length: 1 + UNREAD }, half));
      let answer = '';
      for await (const chunk of slow!.setEncoding('latin1')) {
        answer += chunk;
        await read(client, '/');
      }
      const lines = answer.split('\n');
      assert.is(lines.filter(line => line.length === PATH_CHARS + 1).length, WATCHES);
      assert.is(answer.slice(-2), '\n\n', 'to its end');
      const most = mostResidentMib(leader);
      process.stdout.write(`  ${most.toFixed(0)} MiB beside ${UNREAD} unread answers of 10 MB\n`);
      assert.ok(most < 300, `${most} MiB`);
      for (const socket of unread) socket.destroy();
    }),
  DEADLINE,
);

test(
  'field report B5: 8 clients that pipeline 400 MB of writes, and 800 MB of reads behind them unread: under 300 MiB on the leader',
  () =>
    withLeader(async (leader, quiet, ensemble) => {
      const clients = await Promise.all(Array.from({ length: 8 }, () => ensemble.client(leader.sid)));
      const written = clients.map(client => pipelined(50, () => write(client, '/large', MEGABYTE)));
      for (const { err } of (await Promise.all(written)).flat()) assert.is(err, ErrorCode.OK);
      const afterWrites = mostResidentMib(leader);
      for (const client of clients) client.pause();
      const answers = clients.map(client => [
        write(client, '/large', MEGABYTE),
        ...Array.from({ length: 100 }, () => read(client, '/large')),
      ]);
      // The leader has read all that it will read when other clients have been served many times since.
      await Promise.all(clients.map(client => client.flushed()));
      for (let n = 0; n < 200; n++) await quiet.set('/large', 'small again');
      for (const client of clients) client.resume();
      for (const { err } of await Promise.all(answers.flat())) assert.is(err, ErrorCode.OK);
      const most = mostResidentMib(leader);
      process.stdout.write(
        `  ${afterWrites.toFixed(0)} MiB after the writes, ${most.toFixed(0)} MiB in the end\n`,
      );
      assert.ok(most < 300, `${most} MiB`);
    }),
  DEADLINE,
);

test(
  "field report B7: 60 strangers with a voter's id end no connection of it: its clients stay, and the leadership",
  () =>
    withLeader(async (leader, _client, ensemble) => {
      const voter = ensemble.running.find(member => member !== leader)!;
      const epochOf = async () => Math.floor((await leader.zxid()) / 2 ** 32);
      const epoch = await epochOf();
      const client = await ensemble.client(voter.sid);
      for (let n = 0; n < 60; n++) {
        const info = n % 2 === 0 ? PacketType.OBSERVERINFO : PacketType.FOLLOWERINFO;
        const stranger = await Stranger.connect(leader.host, QUORUM_PORT);
        await stranger.handshake({ sid: voter.sid, info });
        // The voter's answer comes over its own connection.
        await client.set('/large', String(n));
        stranger.destroy();
      }
      assert.equal([client.closed, await leader.mode(), await voter.mode()], [false, 'leader', 'follower']);
      assert.is(await epochOf(), epoch);
    }),
  DEADLINE,
);
