/**
 * The commands that make a network of namespaces: one for each member, and a hub with a bridge between them.
 *
 * Members keep the loopback addresses that they have without a network. Inside, these stand on a veth instead
 * of `lo`, which `route_localnet` allows. The kernel routes 127.* nowhere else, so no packet can leave the
 * machine, and the lab outside may listen on the very same addresses.
 */
import { bitsPerSecond, delayMs, type LinkLimits } from './link-limits.ts';

export interface NetworkedMember {
  readonly name: string;
  /** Its loopback address. */
  readonly host: string;
  readonly limits: LinkLimits;
}

/** The words of one command. */
export type Words = readonly string[];

const PREFIX = 'zklab-';
/** No block of members has it, see `ports.ts`. */
const HUB_HOST = '127.255.255.253';
/** The veth has all of 127.*, except for the address of `lo` itself. */
const PREFIX_BITS = 8;
const BRIDGE = 'hub';
export const MEMBER_DEVICE = 'eth0';

/** @param network counts the networks of this lab */
export function hubName(labPid: number, network: number): string {
  return `${PREFIX}${labPid}-${network}`;
}

export function memberSpace(hub: string, member: string): string {
  return `${hub}-${member}`;
}

/** The pid of the lab that made the namespace of this name; undefined if no lab did. */
export function labOf(name: string): number | undefined {
  const pid = new RegExp(`^${PREFIX}(\\d+)-\\d+(?:-|$)`).exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** The device of a member in the hub. Names of devices have at most 15 characters. */
export function hubDevice(index: number): string {
  return `m${index + 1}`;
}

/** Begins a command that runs in a namespace. The process stays the same. */
export function inSpace(name: string): Words {
  return ['nsenter', `--net=/run/netns/${name}`];
}

export function hubCommands(hub: string): Words[] {
  return [
    ...spaceCommands(hub),
    ['ip', '-n', hub, 'link', 'add', 'name', BRIDGE, 'type', 'bridge'],
    ...upCommands(hub, BRIDGE, HUB_HOST),
  ];
}

/** @param index of the member in its network */
export function memberCommands(hub: string, { name, host, limits }: NetworkedMember, index: number): Words[] {
  const space = memberSpace(hub, name);
  const port = hubDevice(index);
  return [
    ...spaceCommands(space),
    ['ip', '-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', MEMBER_DEVICE, 'netns', space],
    ['ip', '-n', hub, 'link', 'set', port, 'master', BRIDGE, 'up'],
    ...upCommands(space, MEMBER_DEVICE, host),
    ...limitCommands(space, MEMBER_DEVICE, limits),
    ...limitCommands(hub, port, limits),
  ];
}

export function removeCommand(space: string): Words {
  return ['ip', 'netns', 'del', space];
}

function spaceCommands(space: string): Words[] {
  return [
    ['ip', 'netns', 'add', space],
    // When `lo` comes up it takes all of 127.*, which the members need.
    ['ip', '-n', space, 'link', 'set', 'lo', 'up'],
    ['ip', '-n', space, 'addr', 'del', '127.0.0.1/8', 'dev', 'lo'],
    ['ip', '-n', space, 'addr', 'add', '127.0.0.1/32', 'dev', 'lo'],
    [...inSpace(space), 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet'],
  ];
}

function upCommands(space: string, device: string, host: string): Words[] {
  const address = `${host}/${PREFIX_BITS}`;
  return [
    // For 127.* the scope would be the machine, and no packet would leave the device.
    ['ip', '-n', space, 'addr', 'add', address, 'scope', 'global', 'dev', device],
    ['ip', '-n', space, 'link', 'set', device, 'up'],
  ];
}

/** A burst is what passes at once after a pause. */
const BURST_MS = 5;
const BURST_BYTES_MIN = 16_384;
/** What waits longer is dropped, as by a switch whose queue is full. */
const QUEUE_MS = 50;
/** Packets on their way for the time of the delay: enough for 10 gbit and 25 ms. */
const DELAYED_PACKETS_MAX = 25_000;

/** What a device sends. Limits of both directions are those of the two ends of its veth. */
export function limitCommands(space: string, device: string, { bandwidth, delay }: LinkLimits): Words[] {
  const add = ['tc', '-n', space, 'qdisc', 'add', 'dev', device];
  const commands: Words[] = [];
  const ms = delay === undefined ? undefined : delayMs(delay);
  if (ms !== undefined)
    commands.push([
      ...add,
      'root',
      'handle',
      '1:',
      'netem',
      'delay',
      `${ms}ms`,
      'limit',
      `${DELAYED_PACKETS_MAX}`,
    ]);
  const bits = bandwidth === undefined ? undefined : bitsPerSecond(bandwidth);
  if (bits !== undefined) {
    const place = ms === undefined ? ['root', 'handle', '2:'] : ['parent', '1:1', 'handle', '2:'];
    const burst = Math.max(BURST_BYTES_MIN, Math.ceil((bits / 8) * (BURST_MS / 1_000)));
    commands.push([
      ...add,
      ...place,
      'tbf',
      'rate',
      `${bits}bit`,
      'burst',
      `${burst}`,
      'latency',
      `${QUEUE_MS}ms`,
    ]);
  }
  return commands;
}
