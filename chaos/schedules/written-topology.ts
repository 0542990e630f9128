/**
 * Topologies as schedules have them: a text, as `zklab up` takes it, or the keys of a topology file in the
 * schedule itself, so that a schedule can stand alone.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Origin } from '../../bench/origin.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import {
  type Settings,
  type Topology,
  type TopologyInput,
  topologyOf,
  topologySchema,
} from '../../bench/topology/topology.ts';

export const writtenTopology = z.union([z.string(), topologySchema.omit({ include: true })]);

export type WrittenTopology = string | TopologyInput;

/** @param folder where a relative path begins. @throws UsageError */
export function topologyIn(written: WrittenTopology, origin: Origin, folder: string): Topology {
  return typeof written === 'string'
    ? readTopology(written, origin.at(), folder)
    : topologyOf(written, origin);
}

/** The shortest form that gives the same topology without another file. */
export function writtenOf(topology: Topology): WrittenTopology {
  return isShort(topology) ? topology.shortForm : inputOf(topology);
}

/** The same members, with these settings where they have no others. */
export function withSettings(topology: Topology, settings: Settings): Topology {
  if (Object.keys(settings).length === 0) return topology;
  const { members = [], ...input } = inputOf(topology);
  const given = members.map(each => ({ ...each, settings: { ...settings, ...each.settings } }));
  return topologyOf({ ...input, members: given }, new Origin('settings of the workload'));
}

/** The topology as a file could have it: every member with all that it has. */
export function inputOf({ name, shortForm, observerMasters, members }: Topology): TopologyInput {
  const hasObservers = members.some(({ role }) => role === 'observer');
  return {
    ...(name !== shortForm && { name }),
    ...(observerMasters && { masters: hasObservers ? 'on' : 'ready' }),
    members: members.map(({ settings, implementation, ...member }) => {
      const given = Object.entries(member).filter(([, value]) => value !== undefined);
      return {
        ...Object.fromEntries(given),
        ...(Object.keys(settings).length > 0 && { settings: { ...settings } }),
        ...(implementation !== 'zklab' && { implementation }),
      };
    }),
  };
}

function isShort({ name, shortForm, members, observerMasters }: Topology): boolean {
  const implementations = new Set(members.map(({ implementation }) => implementation));
  const isNamed = implementations.size === 1 && [...implementations].every(each => typeof each === 'string');
  if (name !== shortForm || !isNamed) return false;
  const again = readTopology(shortForm);
  return isDeepStrictEqual([again.members, again.observerMasters], [members, observerMasters]);
}
