import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Link } from '../mesh/link.ts';
import { probeLink } from '../mesh/measure.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import { waitMs } from '../wait.ts';
import type { LinkFaultContext } from './context.ts';
import { type ActiveFault, type BiteProof, type Fault, type FaultKind, needsLinks } from './fault.ts';
import { Background } from './parts/background.ts';
import { Healing, persistently } from './parts/healing.ts';
import { spread } from './parts/link-proof.ts';

export interface FlappingOptions {
  readonly select: Selector;
  /** How long the links are down, and then up, again and again. */
  readonly downMs: number;
  readonly upMs: number;
}

const phaseMs = z.int().min(20).max(60_000);

export const flappingKind: FaultKind<FlappingOptions> = {
  name: 'flapping',
  description: 'links go down and come back, again and again',
  schema: z.strictObject({ select: selectorSchema, downMs: phaseMs, upMs: phaseMs }),
  available: needsLinks,
  create: flapping,
  draw(random, shape) {
    const select = drawSelectors(random, shape);
    const mostMs = random.pick([100, 400, 1500]);
    return (
      select &&
      (own => ({
        select: select(own),
        downMs: Math.round(own.between(mostMs / 2, mostMs)),
        upMs: Math.round(own.between(mostMs / 2, mostMs)),
      }))
    );
  },
};

/**
 * Refuses connections for a while and accepts them for a while, so that members reconnect just before the
 * next cut. Each cut breaks the connections.
 */
export function flapping(options: FlappingOptions): Fault<LinkFaultContext> {
  const { select, downMs, upMs } = options;
  return {
    name: 'flapping',
    description: `${downMs} ms down and ${upMs} ms up, again and again`,
    async inject(context) {
      const { client, mesh, random } = context;
      const links = await mesh.select(select, random);
      const set = (enabled: boolean) =>
        Promise.all(links.map(({ name }) => persistently(() => client.setEnabled(name, enabled))));
      const before = await statesOf(context, spread(links, PROBED_LINKS_MAX));
      const healing = new Healing();
      for (const { name } of links) healing.add(() => client.setEnabled(name, true));
      const startedAt = Date.now();
      await set(false).catch(async error => {
        await healing.heal();
        throw error;
      });
      const flaps = new Background(async signal => {
        for (let isDown = true; !signal.aborted; isDown = !isDown) {
          await waitMs(isDown ? downMs : upMs, signal);
          if (!signal.aborted) await set(isDown);
        }
      });
      healing.add(() => flaps.end());
      return {
        startedAt,
        links: links.map(({ name }) => name),
        heal: () => healing.heal(),
        proveBite: () => proofOf(context, links, before, flaps, options),
      } satisfies ActiveFault;
    },
  };
}

const PROBED_LINKS_MAX = 4;
const DEADLINE_MS = 1_000;
/** A busy machine may sleep through some phases. */
const PERIODS_MAX = 10;
const ROOM_MS = 1_000;
const POLLS_PER_PHASE = 5;
/** As each link is seen: d for down, u for up. */
const FLAP = /du+d/;

/** Down, up, and down again on each of the links: a cut alone, or a broken proxy, is no flapping. */
async function proofOf(
  context: LinkFaultContext,
  links: readonly Link[],
  before: readonly string[],
  flaps: Background,
  { downMs, upMs }: FlappingOptions,
): Promise<BiteProof> {
  const probed = spread(links, PROBED_LINKS_MAX);
  const pauseMs = Math.min(downMs, upMs) / POLLS_PER_PHASE;
  const untilMs = performance.now() + PERIODS_MAX * (downMs + upMs) + ROOM_MS;
  const seen = probed.map(() => '');
  const flapped = () => seen.every(states => FLAP.test(states));
  while (!flapped() && flaps.failure === undefined && performance.now() < untilMs) {
    for (const [index, state] of (await statesOf(context, probed)).entries()) seen[index] += state;
    await waitMs(pauseMs, undefined);
  }
  const wasUp = before.every(state => state === 'u');
  const named = (states: readonly string[]) =>
    Object.fromEntries(probed.map(({ name }, index) => [`${name} states`, states[index]!]));
  const how = `dialed ${probed.length} of ${links.length} links every ${Math.round(pauseMs)} ms; a bite is down, up and down again on each (d, u), where they were up before`;
  const failed = flaps.failure === undefined ? '' : `; then it failed: ${flaps.failure.message}`;
  return { bit: wasUp && flapped(), before: named(before), after: named(seen), how: how + failed };
}

function statesOf({ probe = probeLink }: LinkFaultContext, links: readonly Link[]): Promise<('d' | 'u')[]> {
  return Promise.all(
    links.map(async link => ((await probe(link, DEADLINE_MS)).outcome === 'refused' ? 'd' : 'u')),
  );
}
