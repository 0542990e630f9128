/**
 * Compares the trees of all members node by node, for any two versions of ZooKeeper, even those that have no
 * digests.
 */
import { createHash } from 'node:crypto';
import { assert, until } from '#test';
import type { Ensemble } from './ensemble.test-kit.ts';
import type { ZkClient } from './zk-client.test-kit.ts';

const AGREE_DEADLINE_MS = 60_000;

/** Every node but those of ZooKeeper itself, with its data and its Stat. */
async function treeOf(client: ZkClient, path = '/'): Promise<string[]> {
  const lines: string[] = [];
  for (const child of await client.children(path)) {
    if (path === '/' && child === 'zookeeper') continue;
    const at = `${path === '/' ? '' : path}/${child}`;
    const stat = await client.exists(at);
    const hash = createHash('sha1')
      .update(await client.get(at))
      .digest('hex');
    lines.push(
      `${at} ${hash} ${[stat?.czxid, stat?.mzxid, stat?.pzxid, stat?.cversion, stat?.ephemeralOwner]}`,
    );
    lines.push(...(await treeOf(client, at)));
  }
  return lines;
}

/** Checks that all running members have the same tree, and returns it. */
export async function sameTrees(ensemble: Ensemble): Promise<string[]> {
  const zxids = () =>
    Promise.all(ensemble.running.map(member => member.zxid().catch(() => `none of ${member.sid}`)));
  await until(async () => new Set(await zxids()).size === 1, {
    deadlineMs: AGREE_DEADLINE_MS,
    what: 'all members to have the same last zxid',
    intervalMs: 50,
  });
  const trees: string[][] = [];
  for (const { sid } of ensemble.running) {
    const client = await ensemble.client(sid);
    await client.sync();
    trees.push(await treeOf(client));
    client.destroy();
  }
  for (const [i, tree] of trees.entries()) {
    const { sid, implementation } = ensemble.running[i]!;
    assert.equal(tree, trees[0], `member ${sid} (${implementation})`);
  }
  for (const member of ensemble.running) {
    assert.is((await member.metric('digest_mismatches_count')) ?? 0, 0, `digests of member ${member.sid}`);
  }
  return trees[0]!;
}
