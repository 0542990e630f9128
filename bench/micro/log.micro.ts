import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metrics } from '../../server/metrics/metrics.ts';
import { silentLogger } from '../../server/runtime/logging/logger.ts';
import { NodeClock } from '../../server/runtime/node/node-clock.ts';
import { nodeDisk } from '../../server/runtime/node/node-disk.ts';
import { FileTxnLog } from '../../server/storage/txn-log/file-txn-log.ts';
import { JuteWriter } from '../../server/wire/jute.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { writeTxnBody, writeTxnHeader } from '../../server/wire/txn.ts';
import { type TxnPacket, txnPacket } from '../../server/wire/txn-packet.ts';
import type { MicroTask } from './micro-task.ts';

/** Group commit on the real disk: the cost of a batch of n transactions, write and sync together. */
export function logTasks(): MicroTask[] {
  return [1, 10, 100, 1_000].map(batch => {
    const directory = mkdtempSync(join(tmpdir(), 'zklab-micro-'));
    const options = {
      disk: nodeDisk,
      clock: new NodeClock(),
      metrics: new Metrics(),
      logger: silentLogger,
      directory,
    };
    const files = {
      preAllocBytes: 64 * 1024 * 1024,
      sizeLimitBytes: 0,
      forceSync: true,
      fsyncWarningMs: 1_000,
    };
    const log = new FileTxnLog({ ...options, ...files }, 0);
    let zxid = 0;
    return {
      name: `log: ${batch} transactions of 100 bytes, one sync`,
      operations: batch,
      async: true,
      run: () => {
        for (let i = 0; i < batch; i++) log.append(setDataPacket(++zxid));
        return new Promise<number>((resolve, reject) => {
          log.flush(error => (error === undefined ? resolve(zxid) : reject(error)));
        });
      },
      close: () => {
        log.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  });
}

const DATA = Buffer.alloc(100, 1);
const WRITER = new JuteWriter();

function setDataPacket(zxid: number): TxnPacket {
  const type = OpCode.setData;
  writeTxnHeader(WRITER.reset(), {
    clientHigh: 0,
    clientLow: 1,
    cxid: 1,
    zxid,
    time: 1_700_000_000_000,
    type,
  });
  writeTxnBody(WRITER, { type, path: '/d/k1', data: DATA, version: 1 });
  return txnPacket(zxid, WRITER.bytes);
}
