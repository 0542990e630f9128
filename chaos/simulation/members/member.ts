import type { EventListener } from '../../../server/metrics/server-events.ts';
import type { LogFields, Logger } from '../../../server/runtime/logging/logger.ts';
import type { Runtime } from '../../../server/runtime/runtime.ts';
import type { ConfigWatch } from '../invariants/config-watch.ts';
import type { Journal } from '../invariants/journal.ts';
import type { QuorumWatch } from '../invariants/quorum-watch.ts';
import type { Shape } from '../shape.ts';

/** A member of the simulated ensemble, as the world knows it. */
export interface MemberSpec {
  readonly sid: number;
  /** Host name in the simulated network. */
  readonly name: string;
  /** More names of the host, each on a network of its own. @default none */
  readonly further?: readonly string[];
  /** In the configuration with which the ensemble starts, or in its own. */
  readonly role: 'participant' | 'observer';
  /** No configuration names it at the start. @default false */
  readonly isSpare?: true;
}

/** What a running member reports about itself, outside its protocols. */
export interface MemberState {
  /** As `srvr` prints it: leader, follower, observer, looking ... */
  readonly mode: string;
  /** Whether it answers clients, with a quorum behind it. */
  readonly serving: boolean;
  /** Epoch of the quorum that it belongs to; 0 before the first. */
  readonly epoch: number;
  readonly zxid: number;
  /** Read at each new zxid alone. */
  readonly treeDigest: string;
  /** Sessions that it keeps to itself. @default 0 */
  readonly localSessions?: number;
}

export interface RunningMember {
  state(): MemberState;
}

export interface MemberContext {
  readonly runtime: Runtime;
  readonly spec: MemberSpec;
  /** Those that its file names. */
  readonly members: readonly MemberSpec[];
  /** The file is to be written anew, because an operator has prepared the member to join. @default false */
  readonly isPrepared?: boolean;
  readonly logger: Logger;
  /** Receives the events of the member. */
  readonly onEvent: EventListener;
  /** Receives what the member logs, for the checkers. */
  readonly journal: Journal;
  /** Receives what the member has on its disk, and what it decides. */
  readonly quorums: QuorumWatch;
  /** Receives which configuration is in force at the member. */
  readonly configs: ConfigWatch;
  /** What the oracle says to this member at the moment. Undefined: there is none. */
  readonly authorises?: () => boolean;
  /** Lines of zoo.cfg that all members of this run get. */
  readonly settings: Readonly<Record<string, string>>;
  /** Work units for one turn of its loop; undefined: the limit of a real server. */
  readonly turnUnits?: number;
  /** Called with each packet of the member's master. Undefined: nobody asks. */
  readonly onMasterPacket?: () => void;
  /** The program cannot continue: its process ends, and the run has failed. */
  readonly onFatal: (error: Error) => void;
}

/** The program that runs on every member: the server itself, or a toy in the simulator's own tests. */
export interface MemberProgram {
  readonly clientPort: number;
  /**
   * True for a server: clients send it every operation, and its disk may fail and kill it. A toy serves only
   * registers, and loses no more than its process.
   */
  readonly complete?: boolean;
  start(context: MemberContext): RunningMember;
}

/** Of a host on the second network. */
export const SECOND_ADDRESS = '-net2';

/** Members zk1, zk2, ...: the voters come first, then the observers and the spare ones. */
export function ensembleOf({ voters, observers, spares = 0, networks }: Shape): MemberSpec[] {
  return Array.from({ length: voters + observers + spares }, (_, at) => ({
    sid: at + 1,
    name: `zk${at + 1}`,
    ...(networks === undefined ? {} : { further: [`zk${at + 1}${SECOND_ADDRESS}`] }),
    role: at < voters ? 'participant' : 'observer',
    ...(at < voters + observers ? {} : { isSpare: true as const }),
  }));
}

/** Log lines at `info` and above go to `write`. Debug lines are for a person who studies a single seed. */
export function traceLogger(write: (line: string) => void, withDebug = false, own: LogFields = {}): Logger {
  const line = (level: string) => (message: string, fields?: LogFields) =>
    write(`${level} ${message}${format({ ...own, ...fields })}`);
  return {
    debug: withDebug ? line('debug') : () => {},
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: fields => traceLogger(write, withDebug, { ...own, ...fields }),
  };
}

function format(fields: LogFields): string {
  let text = '';
  for (const [key, value] of Object.entries(fields)) {
    text += ` ${key}=${formatValue(value)}`;
  }
  return text;
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
}
