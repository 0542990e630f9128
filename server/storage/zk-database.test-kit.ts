/** What several tests of the database ask of it. */
import { assert } from '#test';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { E1 } from './database.test-kit.ts';
import { createPacket, type TestRig } from './storage.test-kit.ts';
import type { ZkDatabase } from './zk-database.ts';

export const SESSION = 0x1_0000_0001n;

export function snapshot(rig: TestRig, db: ZkDatabase): void {
  let done = false;
  assert.ok(
    db.takeSnapshot(error => {
      assert.is(error, undefined);
      done = true;
    }),
  );
  rig.clock.run();
  assert.ok(done);
}

export function expected(from: number, to: number, epoch = E1): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `n${(epoch + from + i).toString(16)}`).sort();
}

export function coded(code: string, message = /./) {
  return (error: Error & { code?: string }): boolean => error.code === code && message.test(error.message);
}

export function bigger(packet: TxnPacket): TxnPacket {
  return createPacket(packet.zxid, 'y'.repeat(600));
}

export function commitNow(db: ZkDatabase, packet: TxnPacket): void {
  db.append(packet);
  db.flush(error => assert.is(error, undefined));
  db.applyPacket(packet);
}
