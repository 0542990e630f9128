/**
 * The events of a client's watches stand before the reply to the change that fired them, and behind all
 * earlier replies, even when the client has sent all requests in one piece. Recipes rely on it, such as
 * Curator's bounded queues, which look at children that an event refreshes.
 */
import { assert, suite } from '#test';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { errorName } from '../wire/error-codes.ts';
import { OpCode, opName } from '../wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from '../wire/requests.ts';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import type { ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: the order of events and replies');
const DEADLINE = { deadlineMs: 240_000 };
const SEEDS = 12;
const BURSTS = 12;
const BURST_OPS = 40;
const PARENT = '/order';
/** There are few children, so that most changes are watched. */
const CHILDREN = 3;
/** The higher id leads when both are empty. */
const [FOLLOWER, LEADER] = [1, 2];

interface Asked {
  readonly op: OpCode;
  readonly path: string;
  readonly watch: boolean;
}

const CHANGES = [OpCode.create, OpCode.delete, OpCode.setData];
const LOOKS = [OpCode.exists, OpCode.getData, OpCode.getChildren];

function burst(random: SeededRandom): Asked[] {
  return Array.from({ length: BURST_OPS }, () => {
    const kinds = random.below(2) === 0 ? CHANGES : LOOKS;
    const op = kinds[random.below(kinds.length)]!;
    const child = `${PARENT}/${random.below(CHILDREN)}`;
    const path = op === OpCode.getChildren ? PARENT : child;
    return { op, path, watch: random.below(3) > 0 };
  });
}

function ask(client: ZkClient, { op, path, watch }: Asked) {
  const data = Buffer.from('x');
  return client.exchange(op, w => {
    if (op === OpCode.create) writeCreateRequest(w, { path, data, acl: OPEN_ACL_UNSAFE, flags: 0 });
    else if (op === OpCode.delete) writePathVersionRequest(w, { path, version: -1 });
    else if (op === OpCode.setData) writeSetDataRequest(w, { path, data, version: -1 });
    else writePathWatchRequest(w, { path, watch });
  });
}

/** Replies and events of one connection, in the order in which they came. */
async function told(client: ZkClient, asked: readonly Asked[]): Promise<string[]> {
  client.events.length = 0;
  const replies = await Promise.all(asked.map(each => ask(client, each)));
  const lines: string[] = [];
  let shown = 0;
  for (const [at, { err, eventsBefore }] of replies.entries()) {
    for (; shown < eventsBefore; shown++) lines.push(`  event ${client.events[shown]}`);
    const { op, path } = asked[at]!;
    lines.push(`${opName(op)} ${path}: ${errorName(err)}`);
  }
  return lines;
}

async function story(ensemble: Ensemble, sid: number, seed: number): Promise<string[]> {
  const random = new SeededRandom(seed);
  const client = await ensemble.client(sid);
  const parent = { path: PARENT, data: null, acl: OPEN_ACL_UNSAFE, flags: 0 };
  await client.exchange(OpCode.create, w => writeCreateRequest(w, parent));
  const lines: string[] = [];
  for (let i = 0; i < BURSTS; i++) lines.push(...(await told(client, burst(random))));
  for (let child = 0; child < CHILDREN; child++)
    await ask(client, { op: OpCode.delete, path: `${PARENT}/${child}`, watch: false });
  await client.exchange(OpCode.closeSession, () => {});
  client.destroy();
  return lines;
}

test(
  'events stand among the replies to pipelined requests as on Apache, at leader and follower',
  async () => {
    requireApache();
    await withEnsemble([{ is: 'apache' }, { is: 'apache' }], async apaches => {
      await withEnsemble([{ is: 'zklab' }, { is: 'zklab' }], async zklabs => {
        await Promise.all([apaches.start(), zklabs.start()]);
        let events = 0;
        for (let seed = 1; seed <= SEEDS; seed++) {
          for (const sid of [LEADER, FOLLOWER]) {
            const [theirs, ours] = await Promise.all([story(apaches, sid, seed), story(zklabs, sid, seed)]);
            assert.equal(ours, theirs, `seed ${seed} at member ${sid}`);
            events += ours.filter(line => line.startsWith('  event')).length;
          }
        }
        assert.ok(events > 100 * SEEDS, `${events} events`);
      });
    });
  },
  DEADLINE,
);
