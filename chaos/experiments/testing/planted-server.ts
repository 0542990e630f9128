/** Mistakes for real servers, which `planted-main.ts` runs. @see planted-servers.ensemble.test.ts */
import { MasterConnection } from '../../../server/learner/master-connection.ts';
import { Leader } from '../../../server/master/leader/leader.ts';
import { LearnerHandler } from '../../../server/master/learners/learner-handler.ts';
import { ObserverMaster } from '../../../server/master/observer-master.ts';
import { PacketType } from '../../../server/wire/quorum-packet.ts';

/** Names the plant in the environment of the servers. */
export const PLANT_VARIABLE = 'ZKLAB_PLANT';
/** How much a leader that spins burns: a run among other tests shows less than one on a quiet machine. */
export const SPIN_VARIABLE = 'ZKLAB_PLANT_SPIN';

/** An acknowledgement reaches the leader so much later; longer than a window of the tiny suite. */
const LATE_MS = 1_500;
const WAIT_MAX_MS = 60_000;
/** Of the CPU that a leader uses, it burns so much in addition. */
const SPIN_SHARE = Number(process.env[SPIN_VARIABLE] ?? 0.1);
/** Each turn of the timer costs CPU too, so there are few. */
const SPIN_EVERY_MS = 20;

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
  /** No acknowledgement counts until every observer of the leader has answered a ping. */
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
  /** A leader that could serve observers of masters burns CPU. One that could not does not. */
  'a ready leader spins': () => {
    const { start } = Leader.prototype;
    Leader.prototype.start = function (ended) {
      start.call(this, ended);
      if (this.context.config.observerMasterPort <= 0) return;
      let before = process.cpuUsage();
      setInterval(() => {
        // In CPU, because on a busy machine time passes without it.
        const used = microseconds(process.cpuUsage(before));
        const spinning = process.cpuUsage();
        while (microseconds(process.cpuUsage(spinning)) < used * SPIN_SHARE);
        before = process.cpuUsage();
      }, SPIN_EVERY_MS);
    };
  },
} as const satisfies Record<string, () => void>;

function microseconds({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

export type Plant = keyof typeof PLANTS;

export function isPlant(name: string): name is Plant {
  return Object.hasOwn(PLANTS, name);
}
