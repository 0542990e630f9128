/** What a topology allows faults to do on this machine. */
import { implementationName, implementationNamed } from '../../bench/topology/implementation.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { FaultHost } from './fault.ts';

export function faultHostOf({ members }: Pick<Topology, 'members'>): FaultHost {
  const implementations = [...new Set(members.map(each => implementationName(each.implementation)))];
  return { links: implementations.every(dialsThroughProxies), processes: true, implementations };
}

/**
 * Our server reads a link map, and Apache's dials through a SOCKS server that reads it.
 * @param implementation its name
 */
export function dialsThroughProxies(implementation: string): boolean {
  return implementationNamed(implementation) !== undefined;
}
