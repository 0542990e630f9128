/** Creates the znodes that a workload needs, before any clock runs. Existing ones are left unchanged. */
import { OPEN_ACL_UNSAFE, writeAcl } from '../../../server/wire/acl.ts';
import { ErrorCode, errorName } from '../../../server/wire/error-codes.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { seededRandom } from '../../stats/distributions.ts';
import { Session } from '../session/session.ts';
import { valuesOf } from './value-sizes.ts';
import { Workload, type WorkloadSpec } from './workload.ts';

/** Creates in flight at once. */
const DEPTH = 256;
const BALLAST_PER_DIRECTORY = 1_000;
const NOTHING = Buffer.alloc(0);

/** The server refused a znode, or did not answer. */
export class PreloadError extends Error {
  override readonly name = 'PreloadError';
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Znodes to create, in order, so that a parent always precedes its children. */
interface Nodes {
  readonly count: number;
  path(index: number): string;
  /** Of the next one. */
  value(): Buffer;
}

/**
 * @param sessions number of sessions of the load; each gets its own directory
 * @returns how many nodes were created
 * @throws SessionError; PreloadError naming the path and ZooKeeper's error at the first create that fails
 */
export function preload(address: Address, spec: WorkloadSpec, sessions: number): Promise<number> {
  return createGroups(address, nodesOf(new Workload(spec), sessions));
}

/**
 * Creates these znodes below the root, with data of these sizes; parents come before their children.
 * @returns how many were created. @throws as `preload`
 */
export function preloadNodes(
  address: Address,
  root: string,
  nodes: ReadonlyMap<string, number>,
): Promise<number> {
  const paths = [...nodes.keys()];
  const sizes = nodes.values();
  const below = {
    count: paths.length,
    path: (i: number) => `${root}${paths[i]}`,
    value: () => Buffer.alloc(sizes.next().value ?? 0, 0x7a),
  };
  return createGroups(address, [empty(ancestorsOf(root)), below]);
}

async function createGroups(address: Address, groups: readonly Nodes[]): Promise<number> {
  const session = new Session({ ...address, readOnly: false, timeoutMs: 30_000, inFlightMax: DEPTH });
  await session.open();
  try {
    let made = 0;
    for (const nodes of groups) made += await createAll(session, nodes);
    return made;
  } finally {
    await session.close();
  }
}

function nodesOf(workload: Workload, sessions: number): Nodes[] {
  const { root, directories, keyPaths, spec } = workload;
  const random = seededRandom(spec.seed);
  const parents = [...ancestorsOf(root), ...directories];
  if ((spec.mix.lock ?? 0) > 0) parents.push(...workload.lockPaths);
  for (let index = 0; index < sessions; index++) parents.push(workload.ownDirectory(index));
  const keys = {
    count: keyPaths.length,
    path: (i: number) => keyPaths[i]!,
    value: () => workload.chooseValue(random),
  };
  return [empty(parents), keys, ...ballastOf(workload)];
}

function ballastOf({ root, spec: { ballast, seed } }: Workload): Nodes[] {
  if (ballast === undefined || ballast.nodes === 0) return [];
  const { nodes, valueBytes } = ballast;
  const directory = (i: number) => `${root}/ballast${Math.floor(i / BALLAST_PER_DIRECTORY)}`;
  const directories = Array.from({ length: Math.ceil(nodes / BALLAST_PER_DIRECTORY) }, (_, i) =>
    directory(i * BALLAST_PER_DIRECTORY),
  );
  const [value = NOTHING] = valuesOf(valueBytes, seed);
  return [empty(directories), { count: nodes, path: i => `${directory(i)}/b${i}`, value: () => value }];
}

function empty(paths: readonly string[]): Nodes {
  return { count: paths.length, path: i => paths[i]!, value: () => NOTHING };
}

function ancestorsOf(path: string): string[] {
  const names = path.split('/').slice(1);
  return names.map((_, i) => `/${names.slice(0, i + 1).join('/')}`);
}

function createAll(session: Session, { count, path, value }: Nodes): Promise<number> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let made = 0;
    const handler = {
      onReply: ({ err, tag }: { err: number; tag: number }) => {
        if (err === 0) made++;
        else if (err !== ErrorCode.NODEEXISTS)
          reject(new PreloadError(`preload of ${path(tag)}: ${errorName(err)}`));
        if (++answered === count) resolve(made);
        else fill();
      },
      onLost: () => reject(new PreloadError(`preload: connection lost after ${answered} of ${count} nodes`)),
    };
    const fill = (): void => {
      for (; sent < count && session.isOpen && !session.full; sent++) {
        const body = session.begin(OpCode.create).writeString(path(sent)).writeBuffer(value());
        body.writeVector(OPEN_ACL_UNSAFE, writeAcl).writeInt(0);
        session.end(handler, sent);
      }
    };
    if (count === 0) resolve(0);
    else fill();
  });
}
