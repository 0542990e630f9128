/**
 * Members of one ensemble with a network each: a namespace, a link to the others, and limits of that link
 * that nobody shares. Everything else is that of this machine.
 */

import type { Command } from '../dies-with-parent.ts';
import { cleanUpWithLab } from '../end-with-lab.ts';
import type { Host } from '../host.ts';
import { LOCAL_HOST } from '../local-host.ts';
import { findPorts, type MemberPorts, type PortOptions } from '../ports.ts';
import { isInForce } from './limit-in-force.ts';
import { type LinkBytes, linkBytesOf } from './link-counts.ts';
import type { LinkLimits } from './link-limits.ts';
import {
  hubCommands,
  hubDevice,
  hubName,
  inSpace,
  MEMBER_DEVICE,
  memberCommands,
  memberSpace,
  type Words,
} from './network-commands.ts';
import { Relay } from './relay.ts';
import { removeSpacesNow, runAll, runWords } from './run-commands.ts';

/** Of this lab. */
let networks = 0;

export class MemberNetwork {
  readonly #members: readonly { readonly name: string; readonly limits: LinkLimits }[];
  readonly #hub = hubName(process.pid, ++networks);
  #addresses: Promise<MemberPorts[]> | undefined;
  #relay: Relay | undefined;
  #forget: (() => void) | undefined;

  /** Nothing is made before `open`. */
  constructor(members: readonly { readonly name: string; readonly limits: LinkLimits }[]) {
    this.#members = members;
  }

  /** The machine of one member. */
  hostOf(member: string): Host {
    const index = this.#members.findIndex(({ name }) => name === member);
    return {
      ...LOCAL_HOST,
      addresses: async (_count, options) => [(await this.#found(options))[index]!],
      start: ({ command, ...options }) =>
        LOCAL_HOST.start({ ...options, command: within(this.spaceOf(member), command) }),
    };
  }

  /** The namespace of a member, for people. */
  spaceOf(member: string): string {
    return memberSpace(this.#hub, member);
  }

  /** The far end of a member's link: its namespace and its device. */
  farEndOf(member: string): { readonly space: string; readonly device: string } {
    return { space: this.#hub, device: hubDevice(this.#members.findIndex(({ name }) => name === member)) };
  }

  /** A command as it runs beside the members, on a link without limits. */
  beside(command: Command): Command {
    return within(this.#hub, command);
  }

  /** All members at once, so that their addresses are free together. */
  #found(options: PortOptions = {}): Promise<MemberPorts[]> {
    this.#addresses ??= findPorts(this.#members.length, options);
    return this.#addresses;
  }

  /** @throws Error; nothing is left then */
  async open(): Promise<void> {
    const ports = await this.#found();
    this.#forget = cleanUpWithLab(() => removeSpacesNow(this.#spaces));
    try {
      await runAll(hubCommands(this.#hub));
      const made = await Promise.allSettled(
        this.#members.map(({ name, limits }, index) =>
          runAll(memberCommands(this.#hub, { name, limits, host: ports[index]!.client.host }, index)),
        ),
      );
      // Only now does nobody make anything any more, and what was made can be removed.
      for (const each of made) if (each.status === 'rejected') throw each.reason;
      this.#relay = await Relay.start(
        this.#hub,
        ports.flatMap(({ client, admin }) => [client, admin]),
      );
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** By member. @throws Error when ip does not answer */
  async bytes(): Promise<Map<string, LinkBytes>> {
    const words: Words = ['ip', '-n', this.#hub, '-json', '-statistics', 'link', 'show'];
    const byDevice = linkBytesOf(await runWords(words));
    return new Map(this.#members.map(({ name }, index) => [name, byDevice.get(hubDevice(index))!]));
  }

  /** Members whose link has a bandwidth that tc does not know any more. @throws Error without its answer */
  async unlimited(): Promise<string[]> {
    const names = this.#members.map(async ({ name, limits: { bandwidth } }) => {
      if (bandwidth === undefined) return [];
      const ends = [{ space: this.spaceOf(name), device: MEMBER_DEVICE }, this.farEndOf(name)];
      const answers = await Promise.all(
        ends.map(({ space, device }) =>
          runWords(['tc', '-n', space, '-json', 'qdisc', 'show', 'dev', device]),
        ),
      );
      return answers.every(answer => isInForce(answer, bandwidth)) ? [] : [name];
    });
    return (await Promise.all(names)).flat();
  }

  /** After the processes of the members have ended. Has no effect on a network that was not opened. */
  async close(): Promise<void> {
    await this.#relay?.stop();
    this.#relay = undefined;
    if (this.#forget === undefined) return;
    this.#forget();
    this.#forget = undefined;
    removeSpacesNow(this.#spaces);
  }

  get #spaces(): string[] {
    return [...this.#members.map(({ name }) => this.spaceOf(name)), this.#hub];
  }
}

function within(space: string, { file, args, ...rest }: Command): Command {
  const [enter = '', ...words] = inSpace(space);
  return { ...rest, file: enter, args: [...words, file, ...args] };
}
