/**
 * Plants a mistake into a real server. `NODE_OPTIONS=--import` loads this file before the program of every
 * process that a test starts; only servers are changed. @see planted-servers.ensemble.test.ts
 */
import { Learner } from '../../../server/learner/learner.ts';
import { LearnerHandler } from '../../../server/master/learner-handler.ts';
import { ObserverMaster } from '../../../server/master/observer-master.ts';
import { PacketType } from '../../../server/wire/quorum-packet.ts';

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
    const learner = Learner.prototype as unknown as {
      sendRaw(type: number, bytes: Buffer, start: number, end: number, messages?: number): void;
    };
    const send = learner.sendRaw;
    learner.sendRaw = function (type, ...rest) {
      send.call(this, type, ...rest);
      if (type === PacketType.ACK) send.call(this, type, ...rest);
    };
  },
} as const satisfies Record<string, () => void>;

export type Plant = keyof typeof PLANTS;

/** Names the plant in the environment of the processes. */
export const PLANT_VARIABLE = 'ZKLAB_PLANT';

const named = process.env[PLANT_VARIABLE];
// The bundle has modules of its own, which nothing imported here can change.
if (named !== undefined && process.argv[1]?.endsWith('server/main.js')) PLANTS[named as Plant]();
