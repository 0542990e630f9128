/** The nodes that the quiet client and its neighbours ask for. */
import { type Acl, OPEN_ACL_UNSAFE, Perms, writeAcl } from '../../server/wire/acl.ts';
import { ErrorCode, errorName } from '../../server/wire/error-codes.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import type { LoadTarget } from '../load/load-spec.ts';
import { Session } from '../load/session.ts';

export const ROOT = '/fairness';
/** A node with data just below the limit of a frame. */
export const LARGE = `${ROOT}/large`;
/** A node with many children, and so a subtree that takes long to count. */
export const WIDE = `${ROOT}/wide`;
/** A node whose list of ACLs is long, and names the client last. */
export const GUARDED = `${ROOT}/guarded`;
/** The node that heavy writers set. */
export const TARGET = `${ROOT}/target`;

export const LARGE_BYTES = 900_000;
const CHILDREN_DEFAULT = 50_000;
/** Apache ZooKeeper parses each entry for each check: more would keep it busy for minutes. */
const ACL_ENTRIES = 4_000;
const DEPTH = 256;

/** Makes what is not there yet. @throws Error naming the path that was refused */
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

/** Every address but the client's, and then everybody: each check looks at all of them. */
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
