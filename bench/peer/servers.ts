/** The two servers of a comparison, and what a round of one of them gives. */

import type { Metric } from '../../results/names.ts';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import type { WorstDriver } from '../load/driver/worst-driver.ts';
import type { Topology } from '../topology/topology.ts';

/** Ratios are those of the first over the second. */
const SIDES = ['first', 'second'] as const;
export type Side = (typeof SIDES)[number];

/** `second` is undefined when there is nothing to compare with. The numbers of the first then stand alone. */
export interface PerSide<T> {
  readonly first: T;
  readonly second?: T;
}

/** A server that is compared. */
export interface Contestant {
  /** In results and events. */
  readonly name: string;
  /** In the heading of a table. */
  readonly title: string;
  readonly topology: Topology;
  /** @default what its first member says in `srvr` */
  readonly version?: string;
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
  /** Which of several fresh ensembles it was measured on, from 0. @default all rounds had the same */
  readonly start?: number;
}

export type Rounds = PerSide<readonly Round[]>;

/** In the order of SIDES. */
export function sidesOf(per: PerSide<unknown>): Side[] {
  return SIDES.filter(side => per[side] !== undefined);
}

export function mapped<T, U>({ first, second }: PerSide<T>, to: (value: T) => U): PerSide<U> {
  return second === undefined ? { first: to(first) } : { first: to(first), second: to(second) };
}

/** Our server and, where it is installed, Apache ZooKeeper, each in its topology. */
export function zklabAndApache(topologyOf: (server: 'zklab' | 'apache') => Topology): PerSide<Contestant> {
  const apache = findApacheZooKeeper();
  const first = { name: 'zklab', title: 'zklab', topology: topologyOf('zklab') };
  if (apache === undefined) return { first };
  const { version } = apache;
  return { first, second: { name: 'apache', title: 'Apache', version, topology: topologyOf('apache') } };
}
