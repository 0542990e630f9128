import { invariant } from '../errors.ts';
import { FiredWatches } from '../metrics/fired-watches.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { TxnResult } from '../tree/txn-result.ts';
import { OpCode } from '../wire/opcodes.ts';
import { clientIdOf, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';
import { DigestCheck } from './digest-check.ts';
import { CommittedLog } from './history/committed-log.ts';

/**
 * Everything in memory that a transaction changes. A SNAP or TRUNC builds a new state and replaces the old
 * one as a whole.
 */
export class DatabaseState {
  readonly tree: DataTree;
  /** Global sessions: id to timeout in ms. */
  readonly sessionTimeouts: Map<bigint, number>;
  readonly committedLog: CommittedLog;
  readonly digestCheck: DigestCheck;

  constructor(
    commitLogCount: number,
    metrics: Metrics,
    events: ServerEvents,
    tree: DataTree,
    sessionTimeouts: Map<bigint, number> = new Map(),
  ) {
    this.tree = tree;
    tree.countFired(new FiredWatches(metrics));
    this.sessionTimeouts = sessionTimeouts;
    this.committedLog = new CommittedLog(commitLogCount);
    this.digestCheck = new DigestCheck(metrics, events);
  }

  /**
   * Refuses repetitions and gaps, so that each server applies what every other does. `digestAt`: where the
   * TxnDigest starts in the packet's bytes; -1 when there is none, or none to compare.
   */
  apply(
    packet: TxnPacket,
    header: TxnHeader,
    body: TxnBody,
    digestAt: number,
    watchEvents: boolean,
  ): TxnResult {
    const { tree, digestCheck } = this;
    if (!follows(header.zxid, tree.lastProcessedZxid)) refuse(header.zxid, tree.lastProcessedZxid);
    this.committedLog.add(packet);
    const result = tree.processTxn(header, body, watchEvents);
    if (body.type === OpCode.createSession) this.sessionTimeouts.set(clientIdOf(header), body.timeoutMs);
    else if (body.type === OpCode.closeSession) this.sessionTimeouts.delete(clientIdOf(header));
    if (digestAt >= 0) {
      digestCheck.atZxid(header.zxid, tree.digest);
      digestCheck.compare(header.zxid, tree.digest, packet.bytes, digestAt);
    }
    return result;
  }
}

function refuse(zxid: number, last: number): void {
  invariant(false, `transaction ${zxidToHex(zxid)} applied after ${zxidToHex(last)}`);
}
