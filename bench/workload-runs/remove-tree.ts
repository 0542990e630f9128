/** Removes what a load created on an ensemble that goes on living. */
import { ErrorCode } from '../../server/wire/error-codes.ts';
import { ZkClient } from '../load/client/client.ts';
import { ZkClientError } from '../load/client/client-error.ts';

/** Requests in flight at once. */
const BATCH = 256;

/** The path, or the first of its parents, that does not exist; undefined when all of them do. */
export async function firstMissing(connectString: string, path: string): Promise<string | undefined> {
  const client = await ZkClient.connect(connectString);
  try {
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const part = end < 0 ? path : path.slice(0, end);
      if ((await client.exists(part)) === null) return part;
      if (end < 0) return undefined;
    }
  } finally {
    await client.close();
  }
}

/** @returns how many znodes were removed. @throws ZkClientError when one cannot be removed */
export async function removeTree(connectString: string, root: string): Promise<number> {
  const client = await ZkClient.connect(connectString);
  try {
    const levels: string[][] = [[root]];
    for (let level = levels[0]!; level.length > 0; ) {
      level = (await batched(level, path => childrenOf(client, path))).flat();
      levels.push(level);
    }
    let removed = 0;
    for (const level of levels.reverse()) {
      const gone = await batched(level, path => client.delete(path).then(() => true, unlessGone(false)));
      removed += gone.filter(Boolean).length;
    }
    return removed;
  } finally {
    await client.close();
  }
}

async function childrenOf(client: ZkClient, path: string): Promise<string[]> {
  const names = await client.getChildren(path).catch(unlessGone<string[]>([]));
  return names.map(name => `${path}/${name}`);
}

/** Ephemerals of a lost session may go at any time. */
function unlessGone<T>(value: T): (error: unknown) => T {
  return error => {
    if (error instanceof ZkClientError && error.code === ErrorCode.NONODE) return value;
    throw error;
  };
}

async function batched<T>(paths: readonly string[], each: (path: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < paths.length; i += BATCH)
    results.push(...(await Promise.all(paths.slice(i, i + BATCH).map(each))));
  return results;
}
