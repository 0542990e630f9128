/** Turns a server as a person named it into one that can be started. */
import { join, resolve } from 'node:path';
import type { Contestant } from '../peer/servers.ts';
import { type Implementation, implementationNamed, NAMES_ACCEPTED } from '../topology/implementation.ts';
import { readTopology } from '../topology/read-topology.ts';
import { mastersWord, type Settings, topologyOf } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';
import { memberTls } from './member-tls.ts';
import { buildRevision, findRevision, serverOf } from './revision.ts';

/** How a report names a side whose members speak TLS. */
export const TLS_SAID = 'TLS between members';

export interface ContestantOptions {
  /** `a` or `b`. */
  readonly name: string;
  /** `zklab`, `apache`, `apache@3.9.5`, a folder with a build, a git revision, or a command with `{cfg}`. */
  readonly server: string;
  /** zoo.cfg keys of every member. */
  readonly settings: Settings;
  /** Members speak TLS to each other, with a certificate of the run. */
  readonly tls?: boolean;
  /** In the form that `zklab up` takes. */
  readonly topology: string;
  /** Where revisions are built. */
  readonly folder: string;
  /** Called before work that takes some seconds. */
  readonly onBuild: (what: string) => void;
}

/** @throws UsageError naming the option, its value and what is accepted */
export async function contestantOf(options: ContestantOptions): Promise<Contestant> {
  const { name, settings, tls = false, folder, topology: text } = options;
  const secured = tls ? await memberTls(name, folder) : {};
  const found = await implementationOf(options);
  const origin = `--${name} ${options.server}`;
  const read = readTopology(text, origin);
  const topology = topologyOf(
    {
      name,
      masters: mastersWord(read),
      members: read.members.map(member => ({
        ...member,
        implementation: found.implementation,
        settings: { ...member.settings, ...secured, ...settings },
      })),
    },
    origin,
  );
  const own = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  if (tls) own.push(TLS_SAID);
  return {
    name,
    title: name,
    topology,
    version: `(${[found.said, ...own].join(', ')})`,
  };
}

interface Found {
  readonly implementation: Implementation;
  /** In words. */
  readonly said: string;
}

async function implementationOf({ name, server, folder, onBuild }: ContestantOptions): Promise<Found> {
  const known = implementationNamed(server);
  if (known !== undefined) return { implementation: known, said: known };
  if (server.includes('{cfg}')) return { implementation: { command: server }, said: `command ${server}` };
  const built = server === '' ? undefined : serverOf(resolve(server));
  if (built !== undefined) return builtIn(built, `folder ${server}`);
  const revision = await findRevision(server);
  if (revision !== undefined) {
    onBuild(`compiling ${name}: ${revision.commit} ${revision.subject}`);
    const own = join(folder, `revision-${name}`);
    await buildRevision(revision, own);
    return builtIn(serverOf(own)!, `commit ${revision.commit}`);
  }
  throw new UsageError(
    `--${name} ${server}: accepted are ${NAMES_ACCEPTED}, a folder with dist/server/main.js, ` +
      'a git revision of this checkout, or a command with {cfg}',
  );
}

function builtIn(program: string, said: string): Found {
  const words = [process.execPath, program].map(word => word.replaceAll(' ', '\\ '));
  return { implementation: { command: `${words.join(' ')} {cfg}` }, said };
}

/** `snapCount=1000` words to settings. @throws UsageError */
export function settingsOf(name: string, words: readonly string[]): Settings {
  return Object.fromEntries(
    words.map(word => {
      const [, key, value] = /^([^=]+)=(.*)$/.exec(word) ?? [];
      if (key === undefined || value === undefined)
        throw new UsageError(`--${name}-set ${word}: accepted is a key of zoo.cfg, =, and its value`);
      return [key, value];
    }),
  );
}
