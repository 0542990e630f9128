import { assert, suite } from '#test';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { writeStat } from '../../../server/wire/stat.ts';
import { Compound, type RecipeHost } from './recipe.ts';
import { WatchFanout } from './watch-fanout.ts';

const test = suite('load: the fan-out of watches');

const PATH = '/w';

/** One node on one server, whose replies and events come when the test says. */
class FakeNode {
  version: number | undefined = 0;
  readonly hosts: FakeHost[] = [];

  host(): FakeHost {
    const host = new FakeHost(this);
    this.hosts.push(host);
    return host;
  }
}

class FakeHost implements RecipeHost {
  readonly #node: FakeNode;
  /** Answers that are due, oldest first. */
  readonly due: (() => void)[] = [];
  #isWatching = false;
  #listeners: (() => void)[] = [];
  readonly lost: (() => void)[] = [];

  constructor(node: FakeNode) {
    this.#node = node;
  }

  request: RecipeHost['request'] = (op, _write, onReply, onLost) => {
    this.lost.push(onLost);
    this.due.push(() => {
      const node = this.#node;
      const writer = new JuteWriter();
      let err = 0;
      if (op === OpCode.create) node.version ??= 0;
      else if (node.version === undefined) err = ErrorCode.NONODE;
      else {
        if (op === OpCode.setData) {
          node.version++;
          for (const host of node.hosts) host.#change();
        } else {
          this.#isWatching = true;
          writer.writeBuffer(Buffer.from('x'));
        }
        const { version } = node;
        const stat = { czxid: 0, mzxid: 0, ctime: 0, mtime: 0, version, cversion: 0, aversion: 0 };
        writeStat(writer, { ...stat, ephemeralOwner: 0n, dataLength: 0, numChildren: 0, pzxid: 0 });
      }
      const reader = new JuteReader(writer.toBuffer());
      onReply({ err, zxid: 0, reader, tag: 0, sentAtMs: 0, receivedAtMs: performance.now() });
    });
  };

  onceChanged(_path: string, listener: () => void): void {
    this.#listeners.push(listener);
  }

  forgetChange(_path: string, listener: () => void): void {
    this.#listeners = this.#listeners.filter(each => each !== listener);
  }

  /** Its event is due behind the replies that are. */
  #change(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    this.due.push(() => {
      for (const listener of this.#listeners.splice(0)) listener();
    });
  }

  /** What its connection carried is gone, watches included. */
  disconnect(): void {
    this.#isWatching = false;
    this.#listeners = [];
    this.due.length = 0;
  }

  /** Delivers all that is due. */
  deliver(): void {
    for (let next = this.due.shift(); next !== undefined; next = this.due.shift()) next();
  }
}

function outcomes() {
  const seen: { outcome: string; service: number }[] = [];
  const compound = () =>
    new Compound(0, performance.now(), performance.now(), {
      onDone: (_, err, fromMs, endedMs) =>
        seen.push({ outcome: err === 0 ? 'ok' : `error ${err}`, service: endedMs - fromMs }),
      onLost: () => seen.push({ outcome: 'lost', service: 0 }),
    });
  return { seen, compound };
}

/** A writer and two more watchers. */
function group(node = new FakeNode()) {
  const fanout = new WatchFanout([PATH], () => Buffer.from('v'));
  const hosts = [node.host(), node.host(), node.host()] as const;
  const recipes = hosts.map(host => fanout.recipeOf(host));
  for (const recipe of recipes) recipe.onConnected?.();
  return { hosts, recipes, ...outcomes() };
}

test('a write is over when the last watcher has heard of it and watches again', () => {
  const { hosts, recipes, seen, compound } = group();
  const [writer, second, third] = hosts;
  for (const host of hosts) host.deliver();
  recipes[0]!.start(compound());
  writer.deliver();
  second.deliver();
  assert.equal(seen, [], 'the third has not heard');
  third.deliver();
  assert.equal(
    seen.map(({ outcome }) => outcome),
    ['ok'],
  );
  assert.ok(seen[0]!.service > 0, 'the event of the third came after the commit');
});

test('a write waits until every session watches; the next waits for the one before', () => {
  const { hosts, recipes, seen, compound } = group();
  recipes[0]!.start(compound());
  recipes[0]!.start(compound());
  hosts[0].deliver();
  hosts[1].deliver();
  assert.is(hosts[0].due.length, 0, 'nothing is written while the third does not watch');
  for (let turn = 0; turn < 6; turn++) for (const host of hosts) host.deliver();
  assert.equal(
    seen.map(({ outcome }) => outcome),
    ['ok', 'ok'],
  );
});

test('a node that is missing is created', () => {
  const node = new FakeNode();
  node.version = undefined;
  const { hosts, recipes, seen, compound } = group(node);
  recipes[1]!.start(compound());
  for (let turn = 0; turn < 6; turn++) for (const host of hosts) host.deliver();
  assert.is(seen[0]?.outcome, 'ok');
});

test('a watcher that leaves is not waited for; one that comes back meanwhile leaves the outcome open', () => {
  const { hosts, recipes, seen, compound } = group();
  for (const host of hosts) host.deliver();
  recipes[0]!.start(compound());
  hosts[0].deliver();
  hosts[1].deliver();
  hosts[2].disconnect();
  recipes[2]!.onDisconnected?.();
  assert.is(seen.at(-1)?.outcome, 'ok', 'the others heard');
  recipes[0]!.start(compound());
  hosts[0].deliver();
  recipes[2]!.onConnected?.();
  for (let turn = 0; turn < 4; turn++) for (const host of hosts) host.deliver();
  assert.is(seen.at(-1)?.outcome, 'lost', 'the third read the version and never heard of it');
});

test('a write whose reply is lost is lost, and the next one goes on', () => {
  const { hosts, recipes, seen, compound } = group();
  for (const host of hosts) host.deliver();
  recipes[0]!.start(compound());
  hosts[0].due.pop();
  hosts[0].lost.at(-1)!();
  recipes[1]!.start(compound());
  for (let turn = 0; turn < 4; turn++) for (const host of hosts) host.deliver();
  assert.equal(
    seen.map(({ outcome }) => outcome),
    ['lost', 'ok'],
  );
});
