import { JuteReader } from '../wire/jute.ts';
import { readMulti } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { skipPart } from './multi-parts.ts';
import { EPHEMERAL, SEQUENTIAL } from './request-rules.ts';

const FLAGS_BYTES = 4;

/**
 * Number of the first part of a write that makes an ephemeral node, 0 for a write without parts; -1 when none
 * does. Only a global session may own one. @see QuorumZooKeeperServer.checkUpgradeSession
 * @throws JuteError when the bytes are no such request; validated ones are
 */
export function ephemeralPart(op: number, bytes: Buffer, start: number, end: number): number {
  if (op !== OpCode.multi && !mayMakeEphemeral(op)) return -1;
  const reader = new JuteReader(bytes, start, end);
  const makesOne = (type: number): boolean => {
    skipPart(type, reader);
    // The flags are the last field of a create.
    return mayMakeEphemeral(type) && isEphemeral(bytes.readInt32BE(reader.offset - FLAGS_BYTES));
  };
  if (op !== OpCode.multi) return makesOne(op) ? 0 : -1;
  let first = -1;
  let part = 0;
  readMulti(reader, type => {
    if (makesOne(type) && first < 0) first = part;
    part++;
  });
  return first;
}

function mayMakeEphemeral(op: number): boolean {
  return op === OpCode.create || op === OpCode.create2;
}

function isEphemeral(flags: number): boolean {
  return flags === EPHEMERAL || flags === (EPHEMERAL | SEQUENTIAL);
}
