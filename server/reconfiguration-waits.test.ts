/** How long clients wait while members change, by the protocol alone: in virtual time, nothing costs CPU. */
import { assert, suite } from '#test';
import { body, MemoryClient } from './memory-client.test-kit.ts';
import { lineOf, MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { OpCode } from './wire/opcodes.ts';
import { writeReconfigRequest } from './wire/requests.ts';

const test = suite('reconfiguration: what clients wait for');

const OBSERVER = 4;
const WINDOW_MS = 120;

/** A client that reads and writes each ms, at one voter. */
class Steady {
  readonly #client: MemoryClient;
  readonly #sentMs = new Map<number, number>();
  longestMs = 0;

  constructor(ensemble: MemoryEnsemble, sid: number) {
    this.#client = MemoryClient.open(ensemble, sid);
  }

  send(nowMs: number): void {
    this.#sentMs.set(this.#client.send(OpCode.getData, body.read('/a')), nowMs);
    this.#sentMs.set(this.#client.send(OpCode.setData, body.setData('/a', 'x')), nowMs);
  }

  collect(nowMs: number): void {
    for (const { xid } of this.#client.replies) this.#sentMs.delete(xid);
    for (const sentMs of this.#sentMs.values()) this.longestMs = Math.max(this.longestMs, nowMs - sentMs);
  }
}

test('no client of a voter waits longer than usual while an observer is promoted and demoted', () => {
  const settings = { reconfigEnabled: 'true', skipACL: 'yes' };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings }).start();
  const operator = MemoryClient.open(ensemble, ensemble.leader);
  operator.create('/a');
  const clients = [1, 2, 3].map(sid => new Steady(ensemble, sid));
  const goOn = () => {
    for (let ms = 0; ms < WINDOW_MS; ms++) {
      for (const client of clients) client.send(ensemble.time.nowMs);
      ensemble.time.advance(1);
      for (const client of clients) client.collect(ensemble.time.nowMs);
    }
    return Math.max(...clients.map(({ longestMs }) => longestMs));
  };
  const inPeaceMs = goOn();
  for (const role of ['participant', 'observer', 'participant', 'observer'] as const) {
    const joining = `server.${OBSERVER}=${lineOf(OBSERVER, role)};2181`;
    const asked = { joining, leaving: null, newMembers: null, curConfigId: -1 };
    const xid = operator.send(OpCode.reconfig, w => writeReconfigRequest(w, asked));
    const longestMs = goOn();
    assert.is(operator.reply(xid).err, 0, role);
    assert.ok(longestMs <= inPeaceMs, `${role}: ${longestMs} ms, ${inPeaceMs} ms in peace`);
  }
});
