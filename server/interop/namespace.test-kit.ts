/**
 * Networks that this machine does not have: with IPv6 alone, with names of two addresses, without IPv6. A
 * test runs its own file again in a network namespace and with an /etc/hosts of its own. There the harness
 * runs only the part that is named.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, onPath, requirePeer, temporaryFolder } from '#test';

export interface World {
  /** Addresses of the loopback interface besides the usual ones. */
  readonly addresses: readonly string[];
  /** Lines of /etc/hosts. */
  readonly hosts: readonly string[];
  /** Families that the machine has. */
  readonly families: 'both' | 'ipv4' | 'ipv6';
  readonly env?: Readonly<Record<string, string>>;
}

const TEST_MAIN = fileURLToPath(new URL('../../.ci/test/test-main.js', import.meta.url));
const PART = 'ZKLAB_NAMESPACE_PART';

/** The part that this process is to run; undefined in the process that the runner started. */
export function partToRun(): string | undefined {
  return process.env[PART];
}

/** The last lines of a part that failed. */
const SHOWN_CHARS = 6_000;

export async function runPart(file: string, part: string, world: World): Promise<void> {
  const tools = ['unshare', 'ip', 'setpriv'].every(tool => onPath(tool) !== undefined);
  requirePeer('unshare as root', tools && process.getuid?.() === 0, 'a network of its own');
  const hosts = join(temporaryFolder(), 'hosts');
  writeFileSync(hosts, world.hosts.map(line => `${line}\n`).join(''));
  const setup = [
    'set -e',
    'mount --bind "$1" /etc/hosts',
    'ip link set lo up',
    ...(world.families === 'ipv4' ? ['echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'] : []),
    ...world.addresses.map(address => `ip address add ${address} dev lo`),
    ...(world.families === 'ipv6' ? ['ip -4 address flush dev lo'] : []),
    'shift',
    'exec "$@"',
  ];
  const inside = [process.execPath, '--enable-source-maps', TEST_MAIN, file];
  const shell = ['sh', '-c', setup.join('\n'), 'sh', hosts, ...inside];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', ...shell], {
    env: { ...process.env, ...world.env, [PART]: part },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      said = (said + String(chunk)).slice(-SHOWN_CHARS);
    });
  }
  const [code] = await once(child, 'close');
  assert.is(code, 0, said);
}
