/** Plans a topology: free addresses, a folder for each member, and checked settings. */
import { join } from 'node:path';
import { parseConfig } from '../../server/config/server-config.ts';
import { ServerError } from '../../server/errors.ts';
import type { Host } from '../hosts/host.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import type { PortOptions } from '../hosts/ports.ts';
import { UsageError } from '../usage-error.ts';
import type { EnsemblePlan, PlannedMember } from './planned.ts';
import type { Topology } from './topology.ts';
import { memberFiles } from './zoo-cfg.ts';

/**
 * @param folder folder of the whole ensemble; each member gets a folder in it
 * @throws UsageError when a member of ours would not start with its settings, or the host gives no budgets
 */
export async function planEnsemble(
  topology: Topology,
  folder: string,
  options: PortOptions & { readonly host?: Host } = {},
): Promise<EnsemblePlan> {
  const { host = LOCAL_HOST, ...portOptions } = options;
  const budgeted = topology.members.find(({ budget }) => budget !== undefined);
  const noBudget = budgeted === undefined ? undefined : host.noBudget();
  if (noBudget !== undefined)
    throw new UsageError(
      `topology ${topology.name}: budget of ${budgeted?.name}: ${noBudget}; leave the budget out`,
    );
  const ports = await host.addresses(topology.members.length, portOptions);
  const members = topology.members.map((member, index): PlannedMember => {
    const own = join(folder, member.name);
    return { ...member, host, ports: ports[index]!, folder: own, cfgFile: join(own, 'zoo.cfg') };
  });
  const plan = { topology, folder, members };
  for (const member of members) if (member.implementation === 'zklab') checkSettings(member, plan);
  return plan;
}

/**
 * Checks by the server's own rules, before anything starts. Other implementations check their settings
 * themselves.
 */
function checkSettings(member: PlannedMember, plan: EnsemblePlan): void {
  const { zooCfg, myid } = memberFiles(member, plan);
  try {
    parseConfig({ path: 'zoo.cfg', text: zooCfg, myid });
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new UsageError(`topology ${plan.topology.name}: settings of ${member.name}: ${error.message}`);
  }
}
