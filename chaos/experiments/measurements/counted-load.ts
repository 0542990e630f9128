/** Runs a load and counts what it cost between the members: per committed write, and per read. */
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import type { LoadResult, LoadSpec } from '../../../bench/load/load-spec.ts';
import {
  countedRoles,
  countedSince,
  exactCountsOf,
  readCounters,
  requestsPerRead,
  whyUncounted,
} from '../../../bench/measure/exact-counts.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import { levelZxid, linkCountsOf, linksOf } from './link-counts.ts';

export interface CountedLoad {
  readonly load: LoadResult;
  /** Of servers that count no traffic: only what the kernel counts. */
  readonly counts: Readonly<Record<string, number>>;
  /** Why there are no counts per write, although the members can count. */
  readonly uncounted: string | undefined;
}

/** @throws LoadError; Error when the members do not become level after it */
export async function countedLoad(
  { ensemble: { members } }: Stage,
  assignment: RoleAssignment,
  driver: Pick<LoadDriver, 'run'>,
  spec: LoadSpec,
): Promise<CountedLoad> {
  const { leader } = assignment;
  const names = members.map(({ name }) => name);
  const zxid = await levelZxid(members, leader);
  const [before, links] = [await readCounters(members), await linksOf(members)];
  const load = await driver.run(spec);
  const { deltas, isLevel } = await countedSince(before, members, leader.name, names);
  const transactions = Number((await levelZxid(members, leader)) - zxid);
  const ofLinks = linkCountsOf(links, await linksOf(members), assignment, members, transactions);
  const committed = deltas.get(leader.name)?.committed;
  const uncounted = whyUncounted(isLevel, committed, load.totals.writesOkWithWarmup);
  const counts = exactCountsOf(deltas, countedRoles(members, leader));
  const reads = load.totals.ok - load.totals.writesOk;
  return {
    load,
    counts: {
      ...ofLinks,
      ...(uncounted === undefined && counts),
      ...(uncounted === undefined && requestsPerRead(deltas.get(leader.name), reads)),
    },
    uncounted,
  };
}
