/** The znodes that the quiet client and its neighbours use. */
import { type Acl, OPEN_ACL_UNSAFE, Perms, writeAcl } from '../../server/wire/acl.ts';
import { ErrorCode, errorName } from '../../server/wire/error-codes.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import type { LoadTarget } from '../load/load-spec.ts';
import { Session } from '../load/session/session.ts';

export const ROOT = '/fairness';
/** A znode with data just below the frame limit. */
export const LARGE = `${ROOT}/large`;
/** A znode with many children, whose subtree takes long to count. */
export const WIDE = `${ROOT}/wide`;
/** A znode with a long list of ACLs, which names the client last. */
export const GUARDED = `${ROOT}/guarded`;
/** The znode that heavy writers set. */
export const TARGET = `${ROOT}/target`;

export const LARGE_BYTES = 900_000;
const CHILDREN_DEFAULT = 50_000;
/** Apache ZooKeeper parses each entry at each check. More entries would keep it busy for minutes. */
const ACL_ENTRIES = 4_000;
const DEPTH = 256;

/** Creates what does not exist yet. @throws Error naming the path that was refused */
export async function makeFairnessTree(target: LoadTarget, children = CHILDREN_DEFAULT): Promise<void> {
  const session = new Session({ ...target, readOnly: false, timeoutMs: 30_000, inFlightMax: DEPTH });
  await session.open();
  try {
    const creates = creations(children);
    for (let more = true; more; ) {
      const batch: Promise<void>[] = [];
      for (let sent = 0; sent < DEPTH && more; sent++) {
        const next = creates.next();
        more = next.done !== true;
        if (next.value) batch.push(create(session, next.value));
      }
      await Promise.all(batch);
    }
  } finally {
    await session.close();
  }
}

interface Creation {
  readonly path: string;
  readonly data?: Buffer;
  readonly acl?: readonly Acl[];
}

function* creations(children: number): Generator<Creation, undefined> {
  yield { path: ROOT };
  yield { path: LARGE, data: Buffer.alloc(LARGE_BYTES, 'x') };
  yield { path: TARGET };
  yield { path: GUARDED, acl: longAcl() };
  yield { path: WIDE };
  for (let at = 0; at < children; at++) yield { path: `${WIDE}/child-${at}` };
}

/** Every address but the client's, then everybody, so that each check reads all entries. */
function longAcl(): Acl[] {
  const others = Array.from({ length: ACL_ENTRIES }, (_, at) => ({
    perms: Perms.ALL,
    id: { scheme: 'ip', id: `10.${at >> 8}.${at & 255}.1` },
  }));
  return [...others, ...OPEN_ACL_UNSAFE];
}

function create(
  session: Session,
  { path, data = Buffer.alloc(0), acl = OPEN_ACL_UNSAFE }: Creation,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = session.begin(OpCode.create).writeString(path).writeBuffer(data);
    body.writeVector(acl, writeAcl).writeInt(0);
    session.end({
      onReply: ({ err }) => {
        if (err === ErrorCode.OK || err === ErrorCode.NODEEXISTS) resolve();
        else reject(new Error(`${path} cannot be created: ${errorName(err)}`));
      },
      onLost: () => reject(new Error(`${path} cannot be created: the connection was lost`)),
    });
  });
}
