/** Parts of a `zklab claims` result that no load measures: where it ran, and what it cannot show. */
import type { Environment as Probed } from '../../bench/measure/environment.ts';
import { environmentRow } from '../../bench/measure/result-rows.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Environment, Result, Topology as TopologyRow } from '../../results/schema.ts';
import { SERVER_VERSION } from '../../server/version.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';
import type { ServerKind } from './lab.ts';
import type { Suite } from './suite.ts';

export function environmentOf(
  probed: Probed,
  toxiproxy: Toxiproxy,
  { server, noBandwidth }: { readonly server: ServerKind; readonly noBandwidth: string | undefined },
): Environment {
  const row = environmentRow(probed, {
    server: {
      implementation: server,
      version: server === 'apache' ? (probed.apacheZooKeeper ?? 'unknown') : SERVER_VERSION,
    },
    toxiproxy: { kind: toxiproxy.kind, version: toxiproxy.version },
  });
  return { ...row, ...(noBandwidth !== undefined && { noBandwidth }) };
}

/** The suite as it was read, with every default, and what the command line chose. */
export function inputsOf({
  suite,
  claims,
  server,
}: {
  readonly suite: Suite;
  readonly claims: readonly { readonly id: string }[];
  readonly server: ServerKind;
}): NonNullable<Result['inputs']> {
  const { name, reference, folder: _, origin: __, ...keys } = suite;
  return JSON.parse(
    JSON.stringify({ suite: { name, reference, ...keys }, server, claims: claims.map(({ id }) => id) }),
  );
}

export function limitsOf(
  environment: Environment,
  topologies: readonly TopologyRow[],
  suite: Suite,
): string[] {
  const members = Math.max(...topologies.map(topology => topology.members.length));
  const observers = Math.max(
    ...topologies.map(topology => topology.members.filter(({ role }) => role === 'observer').length),
  );
  const hasSinks = topologies.some(({ experiment }) => experiment === 'crowds' || experiment === 'storms');
  const isShared = topologies.some(({ experiment }) => experiment === undefined);
  return [
    `Up to ${members} members, the proxy and the load share ${environment.cores} cores. Each member takes CPU from the others, ` +
      'which it would not do on a machine of its own.',
    ...linkLimits(environment, topologies, suite),
    ...(observers > 0
      ? [
          hasSinks
            ? `The topologies have at most ${observers} real observers. Hundreds are sinks, which keep no tree and write to no disk.`
            : `The topologies have at most ${observers} observers, so the run says nothing about hundreds of them.`,
        ]
      : []),
    ...(isShared
      ? [
          'The ensembles of the suite are started once, so the intervals of their claims do not contain what differs from start to start.',
          `Each of their loads lasts ${suite.load.saturatedMs} ms, so rare events (snapshots, long pauses) fall into few of them.`,
        ]
      : []),
    'Clients are on the same machine and reach members directly, so faults affect only the links between members.',
    'A blackhole is healed by closing its connections, as Toxiproxy does; a real partition can end without that.',
  ];
}

/** What stands on the links: it differs between the topologies of the suite and those of an experiment. */
function linkLimits(
  { toxiproxy, server }: Environment,
  topologies: readonly TopologyRow[],
  { proxyTax }: Suite,
): string[] {
  const proxy = toxiproxy.kind === 'stand-in' ? 'the stand-in for Toxiproxy' : 'Toxiproxy';
  const namesOf = (experiment: string | undefined) =>
    topologies.filter(each => each.experiment === experiment).map(({ name }) => name);
  const [shared, roles] = [namesOf(undefined), namesOf('roles')];
  return [
    ...(shared.length === 0
      ? []
      : [
          `All traffic between members of ${shared.join(', ')} goes through ${proxy}, in every condition ${proxyTax ? `but "${CONDITIONS.direct}"` : 'alike'}. ` +
            'Rates are lower than on direct links, and the proxy takes CPU too.',
        ]),
    ...(roles.length === 0
      ? []
      : [
          `In ${roles.join(', ')} only the traffic of observers goes through ${proxy}; voters have direct links, and so have all where single operations are counted.`,
        ]),
    ...(server.implementation === 'apache'
      ? [
          'Members of Apache ZooKeeper reach the proxies through a SOCKS server, which takes CPU as well and delays a little more.',
        ]
      : []),
  ];
}
