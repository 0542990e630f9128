/** Writes the files from which a ZooKeeper server starts, in forms that zklab and Apache 3.8 accept. */
import { join } from 'node:path';
import { formatAddress } from '../hosts/ports.ts';
import type { EnsemblePlan, PlannedMember } from './planned.ts';
import type { Settings } from './topology.ts';

/**
 * Settings of a member unless its topology overrides them. Ticks are short, so that elections and timeouts
 * fit into a test. syncLimit is 3 s nevertheless, because members on one small machine pause each other.
 */
const LAB_SETTINGS: Settings = {
  tickTime: '500',
  initLimit: '20',
  syncLimit: '6',
  // The clients of one machine have one address, so the default of 60 would limit the load.
  maxClientCnxns: '0',
  // A single participant with observers is a quorum of one, not a standalone server.
  standaloneEnabled: 'false',
  '4lw.commands.whitelist': '*',
  // Twenty ticks would be 10 s, too short for a session that waits out a fault.
  maxSessionTimeout: '60000',
  // AdminServer costs a member of either implementation memory, and as much CPU as the rest of its start.
  'admin.enableServer': 'false',
};

/** Keys of zoo.cfg that a member gets, but for its own addresses and folders. */
export function effectiveSettings(settings: Settings): Settings {
  return { ...LAB_SETTINGS, ...settings };
}

export interface MemberFiles {
  readonly zooCfg: string;
  readonly myid: string;
  readonly dataDir: string;
  readonly dataLogDir: string;
}

export function memberFiles(member: PlannedMember, plan: EnsemblePlan): MemberFiles {
  const dataDir = join(member.folder, 'data');
  const dataLogDir = join(member.folder, 'log');
  const lines = {
    ...LAB_SETTINGS,
    ...member.settings,
    ...adminAddress(member),
    dataDir,
    dataLogDir,
    ...(member.role === 'observer' ? { peerType: 'observer' } : {}),
    ...(plan.topology.observerMasters
      ? { observerMasterPort: String(member.ports.observerMaster.port) }
      : {}),
    ...Object.fromEntries(plan.members.map(each => [`server.${each.sid}`, serverLine(each)])),
  };
  const zooCfg = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  return { zooCfg: zooCfg.join(''), myid: `${member.sid}\n`, dataDir, dataLogDir };
}

/** @see docs/configuration.md "Membership lines" */
function serverLine({ ports, role }: PlannedMember): string {
  const { host, port } = ports.quorum;
  return `${host}:${port}:${ports.election.port}:${role};${formatAddress(ports.client)}`;
}

function adminAddress({ ports, settings }: PlannedMember): Settings {
  if (settings['admin.enableServer'] !== 'true') return {};
  return { 'admin.serverAddress': ports.admin.host, 'admin.serverPort': String(ports.admin.port) };
}

/** Creates the folders and writes zoo.cfg and myid on the machine of the member. Existing data stays. */
export async function writeMemberFiles(member: PlannedMember, plan: EnsemblePlan): Promise<void> {
  const { host, cfgFile } = member;
  const { zooCfg, myid, dataDir, dataLogDir } = memberFiles(member, plan);
  await host.makeFolder(dataLogDir);
  await host.writeFile(cfgFile, zooCfg);
  await host.writeFile(join(dataDir, 'myid'), myid);
}
