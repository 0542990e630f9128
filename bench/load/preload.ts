/** Creates the znodes that a workload needs, before any clock runs. Existing ones are left unchanged. */
import { OPEN_ACL_UNSAFE, writeAcl } from '../../server/wire/acl.ts';
import { ErrorCode, errorName } from '../../server/wire/error-codes.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { Session } from './session.ts';
import { Workload, type WorkloadSpec } from './workload.ts';

/** Creates in flight at once. */
const DEPTH = 256;

/**
 * @param sessions number of sessions of the load; each gets its own directory
 * @returns how many nodes were created
 * @throws Error naming the path and ZooKeeper's error at the first create that fails
 */
export async function preload(
  address: { host: string; port: number },
  spec: WorkloadSpec,
  sessions: number,
): Promise<number> {
  const workload = new Workload(spec);
  const session = new Session({ ...address, readOnly: false, timeoutMs: 30_000, inFlightMax: DEPTH });
  await session.open();
  try {
    const empty = Buffer.alloc(0);
    const parents = [...ancestorsOf(workload.root), ...workload.directories];
    for (let index = 0; index < sessions; index++) parents.push(workload.ownDirectory(index));
    const made = await createAll(session, parents, empty);
    return made + (await createAll(session, workload.keyPaths, workload.value));
  } finally {
    await session.close();
  }
}

function ancestorsOf(path: string): string[] {
  const names = path.split('/').slice(1);
  return names.map((_, i) => `/${names.slice(0, i + 1).join('/')}`);
}

/** In order, so that a parent always precedes its children. */
function createAll(session: Session, paths: readonly string[], data: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let made = 0;
    const handler = {
      onReply: ({ err, tag }: { err: number; tag: number }) => {
        if (err === 0) made++;
        else if (err !== ErrorCode.NODEEXISTS)
          reject(new Error(`preload of ${paths[tag]}: ${errorName(err)}`));
        if (++answered === paths.length) resolve(made);
        else fill();
      },
      onLost: () => reject(new Error(`preload: connection lost after ${answered} of ${paths.length} nodes`)),
    };
    const fill = (): void => {
      for (; sent < paths.length && session.isOpen && !session.full; sent++) {
        const body = session.begin(OpCode.create).writeString(paths[sent]!).writeBuffer(data);
        body.writeVector(OPEN_ACL_UNSAFE, writeAcl).writeInt(0);
        session.end(handler, sent);
      }
    };
    if (paths.length === 0) resolve(0);
    else fill();
  });
}
