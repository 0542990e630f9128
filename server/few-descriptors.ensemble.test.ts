/**
 * Field report B10: servers that may open few files, and strangers who take all descriptors that are left,
 * with real processes.
 */
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { withEnsemble } from './interop/ensemble.test-kit.ts';

const test = suite('few file descriptors, real processes');
const DEADLINE = { deadlineMs: 300_000 };

const PLANS = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab' }] as const;
const LIMIT = 120;
const CLIENT_PORT = 2181;
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
/** With a snapshot every few writes the log often rolls, and each file needs a descriptor. */
const SETTINGS = ['snapCount=20', 'preAllocSize=64', 'maxClientCnxns=0', 'txnLogSizeLimitInKb=8'];
const WRITES = 300;

class Strangers {
  readonly #sockets: net.Socket[] = [];

  dial(host: string, port: number): void {
    const socket = net.connect({ host, port });
    socket.on('error', () => {});
    this.#sockets.push(socket);
  }

  get open(): number {
    return this.#sockets.filter(socket => !socket.destroyed && !socket.connecting).length;
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

test(
  `field report B10: ${LIMIT} descriptors and 500 strangers on each port: the quorum writes, rolls its logs and takes snapshots; later clients are served`,
  async () => {
    await withEnsemble(
      PLANS,
      async ensemble => {
        for (const member of ensemble.members.values()) member.descriptorsMax = LIMIT;
        await ensemble.start();
        const pids = ensemble.running.map(({ pid }) => pid);
        const leader = await ensemble.leader();
        const epoch = Math.floor((await leader.zxid()) / 2 ** 32);
        const client = await ensemble.client(leader.sid);
        const strangers = new Strangers();
        for (const { host } of ensemble.running) {
          for (const port of [CLIENT_PORT, QUORUM_PORT, ELECTION_PORT]) {
            for (let n = 0; n < 500; n++) strangers.dial(host, port);
          }
        }
        await client.create('/written', '');
        for (let n = 0; n < WRITES; n++) await client.set('/written', `${n}`.padEnd(500, '.'));
        await until(() => ensemble.running.every(({ log }) => /"max":\d+,"refused":/.test(log)), {
          deadlineMs: 60_000,
          what: 'each server to say that descriptors are few',
        });
        strangers.destroy();
        await until(
          async () => (await Promise.all(ensemble.running.map(member => member.mode()))).every(Boolean),
          {
            deadlineMs: 60_000,
            what: 'all of them to answer clients again',
          },
        );
        assert.equal(
          ensemble.running.map(({ pid }) => pid),
          pids,
        );
        assert.is((await ensemble.leader()).sid, leader.sid);
        assert.is(Math.floor((await leader.zxid()) / 2 ** 32), epoch, 'no election');
        for (const { log } of ensemble.running) assert.match(log, /"event":"snapshotWritten"/);
        assert.ok((await ensemble.agrees()) > 0);
      },
      SETTINGS,
    );
  },
  DEADLINE,
);
