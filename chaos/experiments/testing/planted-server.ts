/**
 * Plants a mistake into a real server. `NODE_OPTIONS=--import` loads this file before the program of every
 * process that a test starts; only servers are changed. @see planted-servers.ensemble.test.ts
 */
import { MasterConnection } from '../../../server/learner/master-connection.ts';
import { Leader } from '../../../server/master/leader.ts';
import { LearnerHandler } from '../../../server/master/learner-handler.ts';
import { ObserverMaster } from '../../../server/master/observer-master.ts';
import { PacketType } from '../../../server/wire/quorum-packet.ts';

/** An acknowledgement reaches the leader so much later; longer than a window of the tiny suite. */
const LATE_MS = 1_500;
const WAIT_MAX_MS = 60_000;
const SPIN_SHARE = 0.1;
const SPIN_EVERY_MS = 5;

export const PLANTS = {
  /** Every INFORM leaves twice. An observer ignores the second, so nothing but its price shows. */
  'informs twice': () => {
    const send = LearnerHandler.prototype.sendInform;
    LearnerHandler.prototype.sendInform = function (packet) {
      send.call(this, packet);
      send.call(this, packet);
    };
  },
  /** A master that serves observers and tells them nothing. */
  'masters forward nothing': () => {
    ObserverMaster.prototype.applied = () => {};
  },
  /** A follower acknowledges every proposal twice. */
  'acks twice': () => {
    const { sendRaw: send } = MasterConnection.prototype;
    MasterConnection.prototype.sendRaw = function (type, ...rest) {
      send.call(this, type, ...rest);
      if (type === PacketType.ACK) send.call(this, type, ...rest);
    };
  },
  /**
   * No acknowledgement counts until every observer of the leader has answered a ping. Claim 004-5 must fail,
   * on a machine that is idle enough for CPU budgets.
   */
  'leader waits for observers': () => {
    const { onAck } = Leader.prototype;
    Leader.prototype.onAck = function (handler, zxid) {
      const observers = [...this.handlers].filter(each => each.isObserver && each.synced);
      let unanswered = observers.length;
      if (unanswered === 0) onAck.call(this, handler, zxid);
      for (const observer of observers)
        observer.probe(WAIT_MAX_MS, () => {
          if (--unanswered === 0) onAck.call(this, handler, zxid);
        });
    };
  },
  /** The acknowledgements of one follower come late. While the other one serves, nothing shows. */
  'a follower acks late': () => {
    const { onAck } = Leader.prototype;
    Leader.prototype.onAck = function (handler, zxid) {
      const lowest = this.context.sid === 1 ? 2 : 1;
      if (handler.sid === lowest) setTimeout(() => onAck.call(this, handler, zxid), LATE_MS);
      else onAck.call(this, handler, zxid);
    };
  },
  /** A leader burns a tenth of the CPU that it uses. */
  'leader spins a tenth more': () => {
    const { start } = Leader.prototype;
    Leader.prototype.start = function (ended) {
      start.call(this, ended);
      let usage = process.cpuUsage();
      setInterval(() => {
        const { user, system } = process.cpuUsage(usage);
        const untilMs = performance.now() + ((user + system) / 1_000) * SPIN_SHARE;
        while (performance.now() < untilMs);
        usage = process.cpuUsage();
      }, SPIN_EVERY_MS);
    };
  },
} as const satisfies Record<string, () => void>;

export type Plant = keyof typeof PLANTS;

/** Names the plant in the environment of the processes. */
export const PLANT_VARIABLE = 'ZKLAB_PLANT';

const named = process.env[PLANT_VARIABLE];
// The bundle has modules of its own, which nothing imported here can change.
if (named !== undefined && process.argv[1]?.endsWith('server/main.js')) PLANTS[named as Plant]();
