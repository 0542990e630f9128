import type { Link, Stream } from '../mesh/link.ts';
import { fastest, probeLink, type Reading } from '../mesh/measure.ts';
import type { LinkFaultContext } from './context.ts';
import type { ActiveFault, BiteProof, Readings } from './fault.ts';
import { Healing } from './healing.ts';
import { watchLosses } from './losses.ts';

/**
 * Of a large selection only so many links are looked at, and fewer measured, spread over it; the proof says
 * how many.
 */
const SURVEYED_LINKS_MAX = 128;
const PROBED_LINKS_MAX = 8;
const EXCHANGES = 3;
/** On a machine with many processes for each core one exchange in some is as fast as the link allows. */
const EXCHANGES_MAX = 24;

/** How a fault of links is laid on one of them, and how it shows in a measurement of that link. */
export interface LinkHarm {
  /** Lays it on; gives what takes it off. */
  apply(link: Link): Promise<() => Promise<void>>;
  bit(before: Reading, after: Reading, link: Link): boolean;
  /**
   * Whether a reading without the harm can tell it from one with it: until then the link is measured again.
   */
  telling?(before: Reading, link: Link): boolean;
  /**
   * `proxy`: shows on the proxy alone. `owner`: only where the port's owner behind it takes part in an
   * exchange.
   */
  readonly showsOn: 'proxy' | 'owner';
  /**
   * Of a harm that drops bytes: the direction in which those of an exchange must be missing, where bytes are
   * counted.
   */
  losesOn?(link: Link): Stream;
  /** How long an exchange under the fault may take before it counts as silent. */
  readonly deadlineMs: number;
  /** For the proof: what is a bite. */
  readonly biteIs: string;
}

const DEADLINE_WITHOUT_FAULT_MS = 5_000;

/**
 * Measures the links, lays the harm on all of them, and gives the fault in force. Undoes all when one fails.
 */
export async function injectOnLinks(
  context: LinkFaultContext,
  links: readonly Link[],
  harm: LinkHarm,
): Promise<ActiveFault> {
  const probed = spread(await measurable(context, links, harm), PROBED_LINKS_MAX);
  const { probe = probeLink } = context;
  const before = await Promise.all(
    probed.map(link =>
      fastest(probe, link, DEADLINE_WITHOUT_FAULT_MS, {
        atLeast: EXCHANGES,
        atMost: EXCHANGES_MAX,
        until: best => harm.telling?.(best, link) ?? true,
      }),
    ),
  );
  const healing = new Healing();
  const startedAt = Date.now();
  try {
    for (const link of links) healing.add(await harm.apply(link));
  } catch (error) {
    await healing.heal();
    throw error;
  }
  return {
    startedAt,
    links: links.map(({ name }) => name),
    heal: () => healing.heal(),
    async proveBite(): Promise<BiteProof> {
      const lost =
        harm.losesOn && (await watchLosses(context.client.url, probed, link => harm.losesOn!(link)));
      // Twice as often: what showed once in so many exchanges then is not hidden by a busy machine now.
      const after = await Promise.all(
        probed.map((link, index) =>
          fastest(probe, link, harm.deadlineMs, { atLeast: 2 * before[index]!.exchanges }),
        ),
      );
      const showed = probed.every((link, index) => harm.bit(before[index]!, after[index]!, link));
      // Counting waits for losses to show, and where nothing else did there are none to wait for.
      const losses = showed ? await lost?.() : undefined;
      const bit = probed.length > 0 && showed && (losses?.every(bytes => bytes > 0) ?? true);
      const times = Math.max(0, ...after.map(({ exchanges }) => exchanges));
      const how = `up to ${times} exchanges through ${probed.length} of ${links.length} links; a bite is ${harm.biteIs}`;
      return { bit, before: named(probed, before), after: named(probed, after, losses), how };
    },
  };
}

/**
 * The links on which the harm can show. Many have nobody behind them: only a leader listens on its quorum
 * port. There a proxy accepts and closes, which looks like what an election port does; those serve when there
 * is nothing better.
 */
async function measurable(
  context: LinkFaultContext,
  links: readonly Link[],
  harm: LinkHarm,
): Promise<Link[]> {
  const surveyed = spread(links, SURVEYED_LINKS_MAX);
  if (harm.showsOn === 'proxy') return surveyed;
  const { probe = probeLink } = context;
  const found = await Promise.all(surveyed.map(link => probe(link, DEADLINE_WITHOUT_FAULT_MS)));
  const answering = surveyed.filter((_, index) => found[index]!.outcome === 'answered');
  if (answering.length > 0) return answering;
  return surveyed.filter(({ kind }, index) => kind === 'election' && found[index]!.outcome === 'closed');
}

function named(links: readonly Link[], measured: readonly Reading[], losses?: readonly number[]): Readings {
  const all: Readings = {};
  for (const [index, { name }] of links.entries()) {
    const { outcome, rttMs } = measured[index]!;
    all[`${name} outcome`] = outcome;
    all[`${name} rttMs`] = rttMs === null ? null : Math.round(rttMs * 1000) / 1000;
    if (losses !== undefined) all[`${name} lostBytes`] = losses[index]!;
  }
  return all;
}

/** At most `count` of them, evenly over the list, so that each member of a large selection has its chance. */
function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]!);
}
