/**
 * Random operations of many clients at once on members of both kinds; then every member shows the same tree,
 * to the last field and ACL. Then all are killed, each member's files are opened by the other implementation,
 * and nothing changed.
 */
import { assert, suite } from '#test';
import { readAcl } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writePathWatchRequest } from '../wire/requests.ts';
import { readStat } from '../wire/stat.ts';
import { type Ensemble, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, RELEASES, requireApache } from './member.test-kit.ts';
import { OperationSource } from './random-operations.test-kit.ts';
import { SUPER, SUPER_DIGEST_SETTING, type ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: random operations in mixed ensembles');
const DEADLINE = { deadlineMs: 400_000 };
const OPERATIONS = 700;
/** Operations of one client that are under way at a time. */
const WINDOW = 10;
const PATHS_SHOWN = 5;
/**
 * A leader of Apache's keeps outstanding changes of the root under "" for its children and under "/" for
 * itself. While a child is being created, it predicts for a change of the root a digest that no member can
 * have, and every member counts a mismatch.
 */
const CHANGES_ROOT = /set(Data|ACL) \/ /;
/**
 * A plain create with these flags makes a plain node, but a leader of Apache's computes its digest as that of
 * a container.
 */
const CONTAINER_BY_CREATE = /^create2? .* flags 4 /;
const SETTINGS = ['snapCount=400', SUPER_DIGEST_SETTING];

async function operate(client: ZkClient, seed: number): Promise<void> {
  const source = new OperationSource(seed);
  let left = OPERATIONS;
  const next = () => {
    for (;;) {
      const operation = source.next();
      if (!CHANGES_ROOT.test(operation.text) && !CONTAINER_BY_CREATE.test(operation.text)) return operation;
    }
  };
  const worker = async () => {
    while (left-- > 0) {
      const operation = next();
      await client.exchange(operation.op, writer => operation.write(writer));
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, worker));
}

/** path -> data, all of the stat, ACL */
async function treeAt(ensemble: Ensemble, sid: number): Promise<Map<string, string>> {
  const client = await ensemble.client(sid);
  const auth = await client.authenticate(SUPER);
  assert.is(auth, ErrorCode.OK);
  await client.sync();
  const tree = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    // The configuration is equal, but each member writes that node itself.
    if (path.startsWith('/zookeeper')) return;
    const { err, body } = await client.exchange(OpCode.getData, w =>
      writePathWatchRequest(w, { path, watch: false }),
    );
    assert.is(errorName(err), 'OK', path);
    const data = body.readBuffer();
    const stat = readStat(body);
    const acl = (await client.exchange(OpCode.getACL, w => void w.writeString(path))).body.readVector(
      readAcl,
    );
    const text = JSON.stringify([
      data?.toString('latin1') ?? null,
      { ...stat, ephemeralOwner: `${stat.ephemeralOwner}` },
      acl,
    ]);
    tree.set(path, text);
    for (const name of await client.children(path)) await visit(`${path === '/' ? '' : path}/${name}`);
  };
  await visit('/');
  await client.close();
  return tree;
}

/** The first few paths at which the trees differ, with their contents. */
function difference(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string {
  const paths = [...new Set([...a.keys(), ...b.keys()])].filter(path => a.get(path) !== b.get(path));
  return paths
    .slice(0, PATHS_SHOWN)
    .map(path => `${path}\n  ${a.get(path)}\n  ${b.get(path)}`)
    .join('\n');
}

async function sameTreeEverywhere(ensemble: Ensemble): Promise<Map<string, string>> {
  const [first, ...others] = ensemble.running;
  const tree = await treeAt(ensemble, first?.sid ?? 1);
  for (const { sid } of others) {
    assert.is(difference(tree, await treeAt(ensemble, sid)), '', `members ${first?.sid} and ${sid}`);
  }
  return tree;
}

for (const release of RELEASES) {
  for (const leader of ['zklab', 'apache'] as const) {
    const other = leader === 'zklab' ? 'apache' : 'zklab';
    test(
      `under a leader of ${leader}, ${apache(release)}: all members have the same tree, also after each opened the files of the other implementation`,
      async () => {
        requireApache(release);
        const plans = [{ is: other }, { is: leader }, { is: leader }, { is: other, observer: true }] as const;
        await withEnsemble(
          ofRelease(release, plans),
          async ensemble => {
            await ensemble.start(1, 3);
            await ensemble.start(2, 4);
            assert.is((await ensemble.leader()).sid, 3);
            const members = [...ensemble.members.keys()];
            const clients = await Promise.all(members.map(sid => ensemble.client(sid)));
            await Promise.all(clients.map((client, i) => operate(client, i + 1)));
            const tree = await sameTreeEverywhere(ensemble);
            assert.ok(tree.size > 20, `${tree.size} nodes`);
            await ensemble.agreesInTheEnd();

            await Promise.all(ensemble.running.map(member => member.kill()));
            for (const member of ensemble.members.values()) {
              member.implementation = member.implementation === 'apache' ? 'zklab' : 'apache';
            }
            await ensemble.start();
            assert.is(difference(tree, await sameTreeEverywhere(ensemble)), '', 'before and after');
            const again = await ensemble.client(1);
            for (let n = 0; n < 140; n++) await again.exists(await again.create(`/after-${n}`));
            await ensemble.agreesInTheEnd();
          },
          SETTINGS,
        );
      },
      DEADLINE,
    );
  }
}
