/**
 * What the lab and a program of a client say to each other, one JSON object a line. The lab sends requests,
 * and the program answers them one after the other, through the library that applications use.
 */
import { z } from 'zod';

/** A request as it goes to the program. All values are flat, so that a program in C can read them. */
export interface ProgramRequest {
  readonly id: number;
  /**
   * The session that it is meant for, in hexadecimal. A program that has another one refuses with NOSESSION.
   */
  readonly session: string;
  /**
   * `multi`: checks that `holder` exists and writes `value` to `path`. `lock`: waits for the lock at `path`
   * by the recipe of the client. `unlock`: releases the one whose znode is at `path`.
   */
  readonly f:
    | 'create'
    | 'setData'
    | 'delete'
    | 'getData'
    | 'exists'
    | 'getChildren'
    | 'sync'
    | 'multi'
    | 'lock'
    | 'unlock';
  readonly path: string;
  readonly value?: string;
  readonly version?: number;
  readonly flags?: number;
  readonly holder?: string;
  readonly atMostMs?: number;
}

/** `info`: nobody knows what became of it. Other fields are those of an event of a history. */
const answer = z.object({
  id: z.int(),
  type: z.enum(['ok', 'fail', 'info']),
  /** Not every library tells it. */
  zxid: z.number().optional(),
  mzxid: z.number().optional(),
  version: z.int().optional(),
  value: z.string().nullable().optional(),
  /** Of a create, and of a lock: the znode that holds it. */
  created: z.string().optional(),
  children: z.array(z.string()).optional(),
  error: z.string().optional(),
  /** As "host:port". */
  server: z.string().optional(),
});

/** What the library tells an application of its connection. */
const stateChange = z.object({
  state: z.enum(['connected', 'disconnected', 'expired']),
  session: z.string().optional(),
  timeoutMs: z.number().optional(),
});

export type ProgramAnswer = z.infer<typeof answer>;
export type StateChange = z.infer<typeof stateChange>;

const line = z.union([answer, stateChange]);

/** Undefined for a line that is none of the protocol, such as what a library logs. */
export function readLine(text: string): ProgramAnswer | StateChange | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
