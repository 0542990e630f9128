import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { MultiPart } from '../../checkers/history.ts';
import type { Request } from './recording-client.ts';

/** Root of these operations, apart from the registers, whose versions other checkers count. */
const WILD_ROOT = '/w';
const QUEUE = `${WILD_ROOT}/q`;
/** Created before any fault. */
export const WILD_PATHS: readonly string[] = [WILD_ROOT, QUEUE];

const PATHS = 4;
const EPHEMERAL = 1;
const SEQUENTIAL = 2;

export interface WildShares {
  readonly readShare: number;
  /** Share of the creates in multis that ask for ephemeral znodes. */
  readonly ephemeralParts: number;
}

/**
 * Draws an operation beyond registers: creates and deletes (plain, sequential, ephemeral), versioned writes,
 * multis, and reads that leave a watch. There are few paths, so that clients interfere with each other.
 */
export function drawWildRequest(
  random: SeededRandom,
  value: string,
  { readShare, ephemeralParts }: WildShares,
): Request {
  if (random.chance(readShare)) return drawRead(random);
  const path = drawPath(random);
  const drawn = random.below(10);
  if (drawn < 3) return { f: 'create', path, value, ...(random.chance(0.4) ? { flags: EPHEMERAL } : {}) };
  if (drawn < 4) {
    const flags = random.chance(0.7) ? SEQUENTIAL + EPHEMERAL : SEQUENTIAL;
    return { f: 'create', path: `${QUEUE}/s-`, value, flags };
  }
  if (drawn < 6) return { f: 'delete', path, version: drawVersion(random) };
  if (drawn < 8) return { f: 'setData', path, value, version: drawVersion(random) };
  const parts = Array.from({ length: 1 + random.below(3) }, (_, at) =>
    drawPart(random, `${value}.${at}`, ephemeralParts),
  );
  return { f: 'multi', path: WILD_ROOT, parts };
}

/** The same request for plain znodes. */
export function withoutEphemerals({ flags = 0, parts, ...request }: Request): Request {
  return {
    ...request,
    ...(flags >= SEQUENTIAL ? { flags: SEQUENTIAL } : {}),
    ...(parts === undefined ? {} : { parts: parts.map(({ flags: _, ...part }) => part) }),
  };
}

function drawRead(random: SeededRandom): Request {
  const watch = random.chance(0.6);
  if (random.chance(0.3)) {
    const path = random.chance(0.3) ? QUEUE : random.chance(0.5) ? WILD_ROOT : drawPath(random);
    return { f: 'getChildren', path, watch };
  }
  return { f: random.chance(0.5) ? 'getData' : 'exists', path: drawPath(random), watch };
}

function drawPart(random: SeededRandom, value: string, ephemeralParts: number): MultiPart {
  const f = random.pick(['create', 'setData', 'delete', 'check'] as const);
  const path = drawPath(random);
  if (f === 'create') {
    // Drawn only where it is asked for, so that the others draw the same requests as ever.
    const isEphemeral = ephemeralParts > 0 && random.chance(ephemeralParts);
    return { f, path, value, ...(isEphemeral ? { flags: EPHEMERAL } : {}) };
  }
  const version = drawVersion(random);
  return f === 'setData' ? { f, path, value, version } : { f, path, version };
}

function drawPath(random: SeededRandom): string {
  const parent = `${WILD_ROOT}/n${random.below(PATHS)}`;
  return random.chance(0.25) ? `${parent}/c${random.below(2)}` : parent;
}

/** Mostly any version, because a guess is seldom right. */
function drawVersion(random: SeededRandom): number {
  return random.chance(0.6) ? -1 : random.below(3);
}
