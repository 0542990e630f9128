/** How many bytes of TCP connections one turn of the loop handles, however fast their peers are. */
import { assert, suite, until } from '#test';
import type { Connection } from '../runtime.ts';
import { clock, ignore, SOON, withPeer } from './node-peer.test-kit.ts';

const test = suite('runtime: bytes of one turn');

const KIB = 1024;
const OUTPUT_PER_TURN = 512 * KIB;
const PIECE = 128 * KIB;
const INPUT_PER_TURN = 256 * KIB;
const CHUNK = 64 * KIB;

test('connections with much to send share 512 KiB a turn, in turn, and a small answer waits for none of them', async () => {
  const senders: Connection[] = [];
  const small: Connection[] = [];
  const left = () => senders.reduce((sum, each) => sum + each.bytesQueued, 0);
  const mostOfATurn = { bytes: 0, turn: -1, before: 0 };
  const watch = (): void => {
    mostOfATurn.bytes = Math.max(mostOfATurn.bytes, mostOfATurn.before - left());
    mostOfATurn.before = left();
    if (left() > 0) clock.inNextTurn(watch);
  };
  const accept = (connection: Connection): void => {
    connection.start(ignore);
    (senders.length < 2 ? senders : small).push(connection);
  };
  const sizes = [0, 0, 0];
  const reading = (at: number) => (chunk: Buffer) => {
    sizes[at]! += chunk.length;
  };
  await withPeer(accept, async first => {
    await withPeer(accept, async second => {
      await withPeer(accept, async third => {
        await until(() => small.length === 1, { ...SOON, what: 'three connections' });
        for (const [at, peer] of [first, second, third].entries()) peer.on('data', reading(at));
        const value = Buffer.alloc(2 * KIB * KIB, 'v');
        for (const sender of senders) sender.writeShared(value);
        mostOfATurn.before = left();
        small[0]!.write(Buffer.from('small'));
        let senderBytesBefore = -1;
        third.once('data', () => {
          senderBytesBefore = sizes[0]! + sizes[1]!;
        });
        clock.inNextTurn(watch);
        await until(() => sizes[0] === value.length && sizes[1] === value.length, {
          ...SOON,
          what: 'all bytes',
        });
        assert.ok(mostOfATurn.bytes <= OUTPUT_PER_TURN + PIECE, `${mostOfATurn.bytes} bytes in one turn`);
        assert.ok(
          senderBytesBefore >= 0 && senderBytesBefore < value.length,
          `${senderBytesBefore} bytes before`,
        );
        for (const connection of [...senders, ...small]) connection.destroy();
      });
    });
  });
});

test('a peer that sends without end is read in pieces of 256 KiB a turn, and nothing is lost', async () => {
  const value = Buffer.alloc(4 * KIB * KIB, 'v');
  let connection!: Connection;
  const perTurn = new Map<number, number>();
  await withPeer(
    accepted => {
      connection = accepted;
    },
    async peer => {
      peer.write(value);
      await until(() => connection !== undefined && peer.bytesWritten > 0, {
        ...SOON,
        what: 'the first bytes',
      });
      let got = 0;
      connection.start({
        ...ignore,
        onData: chunk => {
          got += chunk.length;
          perTurn.set(clock.turns, (perTurn.get(clock.turns) ?? 0) + chunk.length);
        },
      });
      await until(() => got === value.length, { ...SOON, what: 'all bytes' });
      const most = Math.max(...perTurn.values());
      assert.ok(most <= INPUT_PER_TURN + 2 * CHUNK, `${most} bytes in one turn`);
      connection.destroy();
    },
  );
});

test('an owner that pauses while the turn has read enough stays paused', async () => {
  const value = Buffer.alloc(2 * KIB * KIB, 'v');
  let connection!: Connection;
  let got = 0;
  let gotAtPause = 0;
  await withPeer(
    accepted => {
      connection = accepted;
    },
    async peer => {
      peer.write(value);
      await until(() => connection !== undefined && peer.bytesWritten > 0, {
        ...SOON,
        what: 'the first bytes',
      });
      connection.start({
        ...ignore,
        onData: chunk => {
          got += chunk.length;
          if (got < INPUT_PER_TURN || gotAtPause > 0) return;
          connection.pause();
          gotAtPause = got;
        },
      });
      await until(() => gotAtPause > 0, { ...SOON, what: 'the pause' });
      let turns = 0;
      const next = (): void => {
        turns++;
        if (turns < 5) clock.inNextTurn(next);
      };
      clock.inNextTurn(next);
      await until(() => turns === 5, { ...SOON, what: 'five turns' });
      assert.ok(got - gotAtPause <= CHUNK, `${got - gotAtPause} bytes while paused`);
      connection.resume();
      await until(() => got === value.length, { ...SOON, what: 'all bytes' });
      connection.destroy();
    },
  );
});
