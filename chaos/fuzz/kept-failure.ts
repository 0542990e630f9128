/** A failed bout as a file: its seed, the conversations of each round, and why it failed. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { readGivenFile } from '../../results/given-file.ts';
import { type Conversation, PORT_KINDS } from './conversation.ts';

export interface KeptFailure {
  readonly seed: number;
  /** Why the failure is kept, for the person who opens the file. */
  readonly complaints: readonly string[];
  readonly rounds: readonly (readonly Conversation[])[];
}

export class KeptFailureError extends Error {
  constructor(path: string, problem: string) {
    super(`${path} is not a failure that the fuzzer kept: ${problem}`);
    this.name = 'KeptFailureError';
  }
}

/** Name of the log in the folder of a member, as the lab writes it. */
const MEMBER_LOG = 'member.log';
const GAP_MS_MAX = 60_000;
/** Two characters for each byte that was sent. */
const BYTES_MAX = 268_435_456;
const bytes = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform(hex => Buffer.from(hex, 'hex'));

const conversation = z.strictObject({
  port: z.enum(PORT_KINDS),
  sid: z.number().int(),
  gapMs: z.number().min(0).max(GAP_MS_MAX),
  frames: z.number().int().nonnegative(),
  reads: z.boolean(),
  ending: z.enum(['end', 'reset', 'keep']),
  chunks: z.array(bytes),
});

const file = z.strictObject({
  seed: z.number().int(),
  complaints: z.array(z.string()),
  rounds: z.array(z.array(conversation)),
});

/** Returns the path of the file. */
export function keepFailure(folder: string, { seed, complaints, rounds }: KeptFailure): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed-${seed}.fuzz.json`);
  const plain = rounds.map(round =>
    round.map(({ chunks, ...rest }) => ({ ...rest, chunks: chunks.map(chunk => chunk.toString('hex')) })),
  );
  writeFileSync(path, `${JSON.stringify({ seed, complaints, rounds: plain }, null, 2)}\n`);
  return path;
}

/** @throws KeptFailureError */
export function readFailure(path: string): KeptFailure {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readGivenFile(path, BYTES_MAX).toString());
  } catch (error) {
    throw new KeptFailureError(path, (error as Error).message);
  }
  const result = file.safeParse(parsed);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new KeptFailureError(path, `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
}

/** Copies the log of each member in `from` to a file of its own in `to`. Returns the paths. */
export function keepLogs(from: string, to: string): string[] {
  mkdirSync(to, { recursive: true });
  const logs = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter(
    path => basename(path) === MEMBER_LOG,
  );
  return logs.map(path => {
    const kept = join(to, `${basename(dirname(path))}.log`);
    copyFileSync(join(from, path), kept);
    return kept;
  });
}
