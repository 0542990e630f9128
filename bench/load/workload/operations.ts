/** The operations that a load can be made of, and how their replies are judged. */
import type { JuteReader } from '../../../server/wire/jute.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';

interface Operation {
  readonly name: string;
  /** Whether the ensemble commits a transaction for it, or two for a lock. */
  readonly isWrite: boolean;
  /** One line, for people who write workloads. */
  readonly description: string;
}

/**
 * Operations of one request come first, and recipes of several follow. A delete with nothing to delete is
 * sent, and counted, as a create, so that the workload itself causes no failures; closeSession likewise.
 */
export const OPERATIONS = [
  { name: 'getData', isWrite: false, description: 'reads the data of a key' },
  { name: 'exists', isWrite: false, description: 'reads the Stat of a key' },
  { name: 'getChildren', isWrite: false, description: 'lists a directory of up to 100 keys' },
  { name: 'setData', isWrite: true, description: 'writes a value to a key' },
  { name: 'create', isWrite: true, description: 'creates a znode below the directory of the session' },
  { name: 'delete', isWrite: true, description: 'deletes the oldest znode that the session created' },
  { name: 'multi', isWrite: true, description: 'writes `multiSize` keys in one transaction' },
  { name: 'getChildren2', isWrite: false, description: 'lists a directory, with its Stat' },
  { name: 'getACL', isWrite: false, description: 'reads the ACL of a key' },
  { name: 'sync', isWrite: false, description: 'waits until the member has what the leader committed' },
  { name: 'multiRead', isWrite: false, description: 'reads `multiSize` keys in one request' },
  { name: 'create2', isWrite: true, description: 'creates a znode, and is answered with its Stat' },
  { name: 'createSequential', isWrite: true, description: 'creates a znode that the server numbers' },
  { name: 'createEphemeral', isWrite: true, description: 'creates a znode that ends with the session' },
  { name: 'setACL', isWrite: true, description: 'sets the ACL of a key to the one it has' },
  { name: 'check', isWrite: true, description: 'checks one key and writes another, in one transaction' },
  { name: 'openSession', isWrite: true, description: 'connects, and opens one more session beside its own' },
  { name: 'closeSession', isWrite: true, description: 'closes the oldest session that openSession opened' },
  {
    name: 'lock',
    isWrite: true,
    description: 'waits for a lock (the lock recipe), holds it, and releases it',
  },
  {
    name: 'watch',
    isWrite: true,
    description: 'writes a znode that every session watches, and waits until all have heard',
  },
] as const satisfies readonly Operation[];

export type OperationName = (typeof OPERATIONS)[number]['name'];
/** Position in `OPERATIONS`. Hot paths index arrays by it. */
export type OperationIndex = number;

export const operationNames: readonly OperationName[] = OPERATIONS.map(({ name }) => name);

export const isWrite = Object.fromEntries(
  OPERATIONS.map(operation => [operation.name, operation.isWrite]),
) as Record<OperationName, boolean>;

/** Position of an operation in `OPERATIONS`. */
export function indexOf(name: OperationName): OperationIndex {
  return operationNames.indexOf(name);
}

/** Operations from here on are recipes of several requests. */
export const RECIPES_FROM: OperationIndex = indexOf('openSession');

const MULTI = indexOf('multi');
const MULTI_READ = indexOf('multiRead');
const CHECK = indexOf('check');
const STAT_BYTES = 68;

/**
 * The error of a reply. The header of a failed multi says 0, and the results say why.
 * @see docs/wire.md "Multi"
 */
export function errorOf(operation: OperationIndex, headerErr: number, reader: JuteReader): number {
  if (headerErr !== 0) return headerErr;
  if (operation === MULTI || operation === CHECK) return errorOfMulti(reader);
  return operation === MULTI_READ ? errorOfMultiRead(reader) : 0;
}

/**
 * Writes before the failed one carry 0, those after it RUNTIMEINCONSISTENCY. The remaining one is the reason.
 */
function errorOfMulti(reader: JuteReader): number {
  let err = 0;
  while (reader.readInt() === OpCode.error) {
    const done = reader.readBoolean();
    const code = reader.readInt();
    if (done) break;
    reader.skip(4);
    if (err === 0) err = code;
  }
  return err;
}

/** Each part of a multiRead succeeds or fails by itself; the first failure counts. */
function errorOfMultiRead(reader: JuteReader): number {
  for (;;) {
    const type = reader.readInt();
    const done = reader.readBoolean();
    reader.skip(4);
    if (done) return 0;
    if (type === OpCode.error) return reader.readInt();
    reader.skipField();
    reader.skip(STAT_BYTES);
  }
}
