/** The servers that are compared, and what a round of one of them gives. */

import type { Metric } from '../../results/names.ts';
import type { WorstDriver } from '../load/worst-driver.ts';

/** Ours comes first. Ratios are over the second. */
export const SERVERS = ['zklab', 'apache'] as const;
export type PeerServer = (typeof SERVERS)[number];

/** `apache` is undefined when it is not installed on this machine. Our numbers then stand alone. */
export interface PerServer<T> {
  readonly zklab: T;
  readonly apache?: T;
}

/** By metric. A metric that could not be measured is undefined. */
export type Readings = Readonly<Partial<Record<Metric['name'], number>>>;

export interface Round {
  readonly readings: Readings;
  /** Why numbers of this round do not count, one sentence each. */
  readonly voidReasons: readonly string[];
  /** Highest 99th percentile of the driver's loop lag over the phases that saturate. */
  readonly driverLagMs: number;
  /** The worst of the driver in any phase. */
  readonly driver?: WorstDriver | null;
}

export type Rounds = PerServer<readonly Round[]>;

/** In the order of SERVERS. */
export function serversOf(per: PerServer<unknown>): PeerServer[] {
  return SERVERS.filter(server => per[server] !== undefined);
}

export function mapped<T, U>({ zklab, apache }: PerServer<T>, to: (value: T) => U): PerServer<U> {
  return apache === undefined ? { zklab: to(zklab) } : { zklab: to(zklab), apache: to(apache) };
}
