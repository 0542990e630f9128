import { createHash } from 'node:crypto';
import { ZkClient } from '../../../bench/load/client/client.ts';
import { ZkClientError } from '../../../bench/load/client/client-error.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import type { FinalNode, MemberTree } from '../../checkers/run-record.ts';

/** The final state of one member, read through its own client port. */
export interface MemberState extends MemberTree {
  readonly nodes: ReadonlyMap<string, FinalNode | undefined>;
}

/**
 * Reads the whole tree of one member after a sync. The digest is our own, over the data and Stat of every
 * znode, so it works for any implementation. `paths` that do not exist are undefined in `nodes`. Nobody may
 * write meanwhile.
 */
export async function readMemberState(
  member: string,
  address: string,
  paths: readonly string[],
): Promise<MemberState> {
  const client = await ZkClient.connect(address);
  try {
    await client.sync('/');
    const nodes = new Map<string, FinalNode | undefined>(paths.map(path => [path, undefined]));
    const hash = createHash('sha256');
    let zxid = 0;
    const walk = async (path: string): Promise<void> => {
      const found = await readNode(client, path);
      if (found === undefined) {
        hash.update(`${JSON.stringify([path, 'NOAUTH'])}\n`);
        return;
      }
      const { data, stat, children } = found;
      zxid = Math.max(zxid, stat.mzxid, stat.pzxid);
      nodes.set(path, { value: data?.toString() ?? null, version: stat.version, mzxid: stat.mzxid });
      hash.update(describe(path, data, { ...stat, ...localFields(path) }));
      for (const child of children) await walk(path === '/' ? `/${child}` : `${path}/${child}`);
    };
    await walk('/');
    return { member, zxid, digest: hash.digest('hex'), nodes };
  } finally {
    await client.close();
  }
}

/** Undefined when the ACL of the znode lets nobody read it. Others than the workload may have created it. */
async function readNode(client: ZkClient, path: string) {
  try {
    const { data, stat } = await client.getData(path);
    return { data, stat, children: (await client.getChildren(path)).sort() };
  } catch (error) {
    if (error instanceof ZkClientError && error.code === ErrorCode.NOAUTH) return undefined;
    throw error;
  }
}

function describe(path: string, data: Buffer | null, stat: object): string {
  return `${JSON.stringify([path, data?.toString('base64') ?? null, stat], (_key, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  )}\n`;
}

/** Every member writes its own configuration znode, at its own time. */
function localFields(path: string): object {
  return path === '/zookeeper/config' ? { mtime: 0 } : {};
}
