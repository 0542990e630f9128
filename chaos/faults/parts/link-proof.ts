/** Whether a fault bit on its links: exchanges before it against exchanges under it. */
import type { Link, Stream } from '../../mesh/link.ts';
import {
  type Ask,
  fastest,
  type Measure,
  probeLink,
  type Reading,
  type Repeated,
} from '../../mesh/measure.ts';
import type { LinkFaultContext } from '../context.ts';
import type { BiteProof, Readings } from '../fault.ts';
import { watchLosses } from './losses.ts';

/**
 * At most this many links of a large selection are surveyed, and fewer are measured, evenly over the
 * selection. The proof says how many.
 */
const SURVEYED_LINKS_MAX = 128;
const PROBED_LINKS_MAX = 8;
const EXCHANGES = 3;
/** With many processes per core, only a few exchanges are as fast as the link allows. */
const EXCHANGES_MAX = 24;

const DEADLINE_WITHOUT_FAULT_MS = 5_000;

/** How a link fault is applied to one link, and how it shows in a measurement of that link. */
export interface LinkHarm {
  /** Applies the fault and returns what removes it. */
  apply(link: Link): Promise<() => Promise<void>>;
  bit(before: Reading, after: Reading, link: Link): boolean;
  /**
   * Whether this reading without the fault would differ from one with it. The link is measured again until it
   * does.
   */
  telling?(before: Reading, link: Link): boolean;
  /**
   * `proxy`: the fault shows at the proxy alone. `owner`: it shows only when the owner of the port behind the
   * proxy takes part in an exchange.
   */
  readonly showsOn: 'proxy' | 'owner';
  /** Whether it can show on this link. @default true */
  showsOnLink?(link: Link): boolean;
  /** What the exchanges are. @default a small request and its answer */
  readonly asks?: Ask;
  /** The reading that stands for several. @default fastest */
  readonly measure?: Measure;
  /** How many exchanges before it, at least; under it there are twice as many. @default EXCHANGES */
  readonly exchanges?: number;
  /**
   * For a fault that drops bytes: the direction in which the bytes of an exchange must be missing, if bytes
   * are counted.
   */
  losesOn?(link: Link): Stream;
  /** An exchange under the fault counts as silent after this time. */
  readonly deadlineMs: number;
  /** For the proof: what counts as a bite. */
  readonly biteIs: string;
}

/** Begun before the fault, and taken under it. */
export class LinkProof {
  readonly #context: LinkFaultContext;
  readonly #all: readonly Link[];
  readonly #harm: LinkHarm;
  readonly #probed: readonly Link[];
  readonly #before: readonly Repeated[];

  private constructor(
    context: LinkFaultContext,
    all: readonly Link[],
    harm: LinkHarm,
    probed: readonly Link[],
    before: readonly Repeated[],
  ) {
    this.#context = context;
    this.#all = all;
    this.#harm = harm;
    this.#probed = probed;
    this.#before = before;
  }

  static async begin(context: LinkFaultContext, links: readonly Link[], harm: LinkHarm): Promise<LinkProof> {
    const probed = spread(await measurable(context, links, harm), PROBED_LINKS_MAX);
    const { probe = probeLink } = context;
    const { measure = fastest, asks, exchanges = EXCHANGES } = harm;
    const before = await Promise.all(
      probed.map(link =>
        measure(
          probe,
          link,
          DEADLINE_WITHOUT_FAULT_MS,
          {
            atLeast: exchanges,
            atMost: EXCHANGES_MAX,
            until: best => harm.telling?.(best, link) ?? true,
          },
          asks,
        ),
      ),
    );
    return new LinkProof(context, links, harm, probed, before);
  }

  async take(): Promise<BiteProof> {
    const [probed, before, harm] = [this.#probed, this.#before, this.#harm];
    const { client, probe = probeLink } = this.#context;
    const { measure = fastest, asks } = harm;
    const lost = harm.losesOn && (await watchLosses(client, probed, link => harm.losesOn!(link)));
    // Measured twice as often: a busy machine cannot hide what showed in one of so many exchanges before.
    const after = await Promise.all(
      probed.map((link, index) =>
        measure(probe, link, harm.deadlineMs, { atLeast: 2 * before[index]!.exchanges }, asks),
      ),
    );
    const showed = probed.every((link, index) => harm.bit(before[index]!, after[index]!, link));
    // Counting waits for losses to appear. When nothing else showed, there are none to wait for.
    const losses = showed ? await lost?.() : undefined;
    const bit = probed.length > 0 && showed && (losses?.every(bytes => bytes > 0) ?? true);
    const times = Math.max(0, ...after.map(({ exchanges }) => exchanges));
    const how = `up to ${times} exchanges through ${probed.length} of ${this.#all.length} links; a bite is ${harm.biteIs}`;
    return { bit, before: named(probed, before), after: named(probed, after, losses), how };
  }
}

const LONG_MS = 200;

/** One exchange tells where each takes long: no machine is late by that much each time. */
export function exchangesFor(tookMs: number): number {
  return tookMs < LONG_MS ? EXCHANGES : 1;
}

/** Timers fire late but never early. The clocks of two processes may be read a moment apart. */
const GRAIN_MS = 1;

/**
 * Shows in round trips that the fault cannot let be faster than `floorMs`. A slow machine alone does not make
 * all of them slow.
 */
export function noFasterThan(floorMs: (link: Link) => number): Pick<LinkHarm, 'telling' | 'bit'> {
  const floor = (link: Link) => floorMs(link) - GRAIN_MS;
  return {
    telling: ({ rttMs }, link) => rttMs !== null && rttMs < floor(link),
    bit: (before, after, link) =>
      before.rttMs !== null &&
      after.rttMs !== null &&
      before.rttMs < floor(link) &&
      after.rttMs >= floor(link),
  };
}

/**
 * The links on which the fault can show. Many have no listener behind them, because only a leader listens on
 * its quorum port: there a proxy accepts and closes, which looks like the answer of an election port. Such
 * links are used only when there is nothing better.
 */
async function measurable(
  context: LinkFaultContext,
  links: readonly Link[],
  harm: LinkHarm,
): Promise<Link[]> {
  const surveyed = spread(
    links.filter(link => harm.showsOnLink?.(link) ?? true),
    SURVEYED_LINKS_MAX,
  );
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
    const { outcome, rttMs, byReset = false } = measured[index]!;
    all[`${name} outcome`] = byReset ? 'reset' : outcome;
    all[`${name} rttMs`] = rttMs === null ? null : Math.round(rttMs * 1000) / 1000;
    if (losses !== undefined) all[`${name} lostBytes`] = losses[index]!;
  }
  return all;
}

/**
 * At most `count` of them, spread evenly over the list, so that each member of a large selection can be
 * chosen.
 */
export function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]!);
}
