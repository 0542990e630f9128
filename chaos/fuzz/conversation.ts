import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { authMessages } from './auth-messages.ts';
import { hello, request, word } from './client-messages.ts';
import { initialMessage, notification } from './election-messages.ts';
import { type EnsembleFacts, learnerMessages, traffic } from './learner-messages.ts';
import { encode, encodeFrame, type Message } from './message.ts';
import { garbage, INT_EDGES, mutated, withFlippedBits } from './mutate.ts';

export const PORT_KINDS = ['client', 'quorum', 'observerMaster', 'election'] as const;
export type PortKind = (typeof PORT_KINDS)[number];

/**
 * What one attacker sends on one connection. It is plain data, so that a failure can be kept, shortened and
 * replayed.
 */
export interface Conversation {
  readonly port: PortKind;
  /** The member to dial. */
  readonly sid: number;
  /** Written one after the other, `gapMs` apart. */
  readonly chunks: readonly Buffer[];
  readonly gapMs: number;
  /** Number of messages in the chunks, for the total of a run. */
  readonly frames: number;
  /** Whether the attacker reads what it receives. */
  readonly reads: boolean;
  /** `keep`: sends nothing more and stays until the round ends. */
  readonly ending: 'end' | 'reset' | 'keep';
}

const REQUESTS_MAX = 24;
const PIPELINE_MAX = 300;
const SESSION_TIMEOUT_MS = 1_000;
const FIRST_XID = 1;

/**
 * Shares of what is broken. The more of a conversation is valid, the deeper into the server the rest gets.
 */
const MUTATED = 0.35;
const FLIPPED = 0.05;
const LYING_FRAME = 0.03;

/** @param ports the ports to choose from */
export function drawConversation(
  facts: EnsembleFacts,
  ports: readonly PortKind[],
  random: SeededRandom,
): Conversation {
  const port = random.pick(ports);
  const messages = drawMessages(port, facts, random);
  return {
    port,
    sid: random.pick(facts.sids),
    chunks: cut(messages, random),
    gapMs: random.pick([0, 0, 1, 5]),
    frames: messages.length,
    reads: random.chance(0.8),
    ending: random.pick(['end', 'reset', 'keep']),
  };
}

function drawMessages(port: PortKind, facts: EnsembleFacts, random: SeededRandom): Buffer[] {
  switch (port) {
    case 'client':
      return random.chance(0.1) ? [word(random)] : clientFrames(random);
    case 'quorum':
    case 'observerMaster':
      return packets(facts, random);
    case 'election':
      return [
        broken(initialMessage(facts, random), encode, random),
        ...handshake(facts, random),
        ...some(random, 6, () => frame(notification(facts, random), random)),
      ];
  }
}

function clientFrames(random: SeededRandom): Buffer[] {
  const timeoutMs = random.pick([SESSION_TIMEOUT_MS, 0, -1, 60_000]);
  const first = random.chance(0.9) ? encodeFrame(hello(timeoutMs)) : frame(hello(timeoutMs), random);
  if (random.chance(0.05)) {
    const same = frame(request(FIRST_XID, random), random);
    return [first, ...Array.from({ length: random.below(PIPELINE_MAX) }, () => same)];
  }
  return [first, ...some(random, REQUESTS_MAX, at => frame(request(FIRST_XID + at, random), random))];
}

function packets(facts: EnsembleFacts, random: SeededRandom): Buffer[] {
  const messages = random.chance(0.8)
    ? learnerMessages(facts, random)
    : some(random, 6, () => traffic(facts, random));
  return [...handshake(facts, random), ...messages.map(message => broken(message, encode, random))];
}

/** Of half the peers where members authenticate. */
function handshake({ sasl }: EnsembleFacts, random: SeededRandom): Buffer[] {
  if (sasl !== true || random.chance(0.5)) return [];
  return authMessages(random).map(message => broken(message, encode, random));
}

function frame(message: Message, random: SeededRandom): Buffer {
  if (random.chance(LYING_FRAME)) return encodeFrame(message, random.pick(INT_EDGES));
  return broken(message, encodeFrame, random);
}

function broken(message: Message, encodeIt: (message: Message) => Buffer, random: SeededRandom): Buffer {
  const bytes = encodeIt(random.chance(MUTATED) ? mutated(message, random) : message);
  return random.chance(FLIPPED) ? withFlippedBits(bytes, random) : bytes;
}

function some<T>(random: SeededRandom, max: number, make: (at: number) => T): T[] {
  return Array.from({ length: 1 + random.below(max) }, (_, at) => make(at));
}

/** Sends messages separately, in one piece or cut anywhere, sometimes with garbage at the end. */
function cut(messages: readonly Buffer[], random: SeededRandom): Buffer[] {
  const all = random.chance(0.1) ? [...messages, garbage(random)] : [...messages];
  if (random.chance(0.4)) return all;
  const whole = Buffer.concat(all);
  if (random.chance(0.6)) return [whole];
  const at = random.below(whole.length + 1);
  return [whole.subarray(0, at), whole.subarray(at)].filter(piece => piece.length > 0);
}
