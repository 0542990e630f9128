/** How a member is started: the command of its implementation, and what lets it die with the lab. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseCommandString } from 'execa';
import { type Command, diesWithParent } from '../hosts/dies-with-parent.ts';
import { UsageError } from '../usage-error.ts';
import { APACHE_HINT, APACHE_MAIN_CLASS, findApacheZooKeeper } from './apache-zookeeper.ts';
import type { PlannedMember } from './planned.ts';

export interface CommandOptions {
  /** Where the member dials instead of the addresses it is told; only zklab's server can. */
  readonly linkMap?: string | undefined;
  /** @default JAVA_FLAGS */
  readonly javaFlags?: readonly string[];
}

export const JAVA_FLAGS: readonly string[] = [
  '-Xmx256m',
  '-Djava.awt.headless=true',
  // Without a terminal in front of it a JVM that ran out of memory would stand there for ever.
  '-XX:+ExitOnOutOfMemoryError',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

/** @throws UsageError when what the implementation needs is not on this machine */
export function memberCommand(member: PlannedMember, options: CommandOptions = {}): Command {
  const { implementation, cfgFile } = member;
  if (implementation === 'zklab') return zklabCommand(cfgFile, options.linkMap);
  if (implementation === 'apache') return diesWithParent(apacheCommand(cfgFile, options.javaFlags));
  const [file = '', ...args] = parseCommandString(implementation.command).map(word =>
    word.replaceAll('{cfg}', cfgFile),
  );
  return diesWithParent({ file, args });
}

/** Watches its own standard input, so it needs nobody to end it when the lab is gone. */
function zklabCommand(cfgFile: string, linkMap: string | undefined): Command {
  const main = fileURLToPath(new URL('../../server/main.js', import.meta.url));
  if (!existsSync(main)) throw new UsageError(`${main} is missing; run "npm run build" to make it`);
  const links = linkMap === undefined ? [] : ['--link-map', linkMap];
  return { file: process.execPath, args: [main, cfgFile, '--die-with-parent', ...links] };
}

function apacheCommand(cfgFile: string, javaFlags = JAVA_FLAGS): Command {
  const apache = findApacheZooKeeper();
  if (apache === undefined)
    throw new UsageError(`Apache ZooKeeper was not found on this machine; to get it: ${APACHE_HINT}`);
  return { file: apache.java, args: [...javaFlags, '-cp', apache.classPath, APACHE_MAIN_CLASS, cfgFile] };
}
