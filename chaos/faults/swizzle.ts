import { z } from 'zod';
import { drawTargets } from '../mesh/draw-target.ts';
import { type Flow, LINK_KINDS, type Link } from '../mesh/link.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import { findMembers, type MemberTarget, shuffled } from '../mesh/target.ts';
import { waitMs } from '../wait.ts';
import type { LinkFaultContext } from './context.ts';
import { type ActiveFault, type Fault, type FaultKind, needsLinks } from './fault.ts';
import { Background } from './parts/background.ts';
import { CUTS, type Cut, cutHarm, cutSchema } from './parts/cut.ts';
import { Healing } from './parts/healing.ts';
import { type LinkHarm, LinkProof } from './parts/link-proof.ts';

export interface SwizzleOptions {
  /** The members that are cut off from all others, one after the other. */
  readonly target: MemberTarget;
  readonly how?: Cut | undefined;
  /** Pause between two of them. */
  readonly everyMs: number;
}

const EVERY_MAX_MS = 10_000;

/** The name is that of FoundationDB's simulation. */
export const swizzleKind: FaultKind<SwizzleOptions> = {
  name: 'swizzle',
  description: 'members are cut off one by one, and come back one by one in another order',
  schema: z.strictObject({
    target: memberTargetSchema,
    how: cutSchema,
    everyMs: z.int().min(0).max(EVERY_MAX_MS),
  }),
  available: needsLinks,
  create: swizzle,
  draw(random, shape) {
    if (shape.members.length < 2) return undefined;
    const target = drawTargets(random, shape);
    const hows = random.pick([CUTS, ['blackhole'], ['refuse']] as const);
    const mostMs = random.pick([50, 400, 1500]);
    return own => ({ target: target(own), how: own.pick(hows), everyMs: own.below(mostMs + 1) });
  },
};

/** A heal takes no longer than this, however many members come back. */
const HEAL_MAX_MS = 20_000;

/**
 * Cuts members off in a random order and lets them back in another random order, so that elections and syncs
 * begin with some members and go on with others.
 */
export function swizzle({ target, how = 'blackhole', everyMs }: SwizzleOptions): Fault<LinkFaultContext> {
  return {
    name: 'swizzle',
    description: `members are cut off one by one, ${everyMs} ms apart, and come back in another order`,
    async inject(context) {
      const { mesh, random } = context;
      const members = await mesh.now();
      const chosen = shuffled(await findMembers(target, members, random, { ofRole: 'all' }), random);
      const all = new Set(members.map(({ name }) => name));
      const touches = (name: string) => (a: string, b: string) =>
        all.has(a) && all.has(b) && (a === name || b === name);
      const flowsOf = (includes: (a: string, b: string) => boolean): Flow[] =>
        mesh.flowsOf({ includes, kinds: LINK_KINDS, text: 'swizzle' });
      const { links, harm } = cutHarm(
        context,
        how,
        flowsOf((a, b) => chosen.some(name => touches(name)(a, b))),
      );
      const linksOf = new Map(
        chosen.map(name => [name, links.filter(({ from, to }) => touches(name)(from, to))] as const),
      );
      const proof = await LinkProof.begin(context, links, harm);
      const cut = new CutLinks(harm);
      const startedAt = Date.now();
      const cutting = new Background(async signal => {
        for (const [index, name] of chosen.entries()) {
          if (index > 0) await waitMs(everyMs, signal);
          if (signal.aborted) return;
          await cut.cut(linksOf.get(name)!);
        }
      });
      const pauseMs = Math.min(everyMs, HEAL_MAX_MS / chosen.length);
      const healing = new Healing();
      const back = shuffled(chosen, random);
      for (const [index, name] of back.entries())
        healing.add(async () => {
          // The last one that was added is the first that comes back.
          if (index < back.length - 1 && cut.isCut) await waitMs(pauseMs, undefined);
          await cut.release(linksOf.get(name)!);
        });
      healing.add(() => cutting.end());
      return {
        startedAt,
        links: links.map(({ name }) => name),
        heal: () => healing.heal(),
        async proveBite() {
          await cutting.done;
          if (cutting.failure !== undefined) throw cutting.failure;
          return proof.take();
        },
      } satisfies ActiveFault;
    },
  };
}

/** A link between two members that are both cut off comes back with the second of them. */
class CutLinks {
  readonly #harm: LinkHarm;
  readonly #cut = new Map<Link, { undo: () => Promise<void>; holders: number }>();

  constructor(harm: LinkHarm) {
    this.#harm = harm;
  }

  get isCut(): boolean {
    return this.#cut.size > 0;
  }

  async cut(links: readonly Link[]): Promise<void> {
    await Promise.all(
      links.map(async link => {
        const held = this.#cut.get(link);
        if (held === undefined) this.#cut.set(link, { undo: await this.#harm.apply(link), holders: 1 });
        else held.holders += 1;
      }),
    );
  }

  /** A second call for the same member, after one that failed, does the rest. */
  async release(links: readonly Link[]): Promise<void> {
    await Promise.all(
      links.map(async link => {
        const held = this.#cut.get(link);
        if (held === undefined) return;
        if (held.holders === 1) {
          await held.undo();
          this.#cut.delete(link);
        } else held.holders -= 1;
      }),
    );
  }
}
