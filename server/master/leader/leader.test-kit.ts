/** A leader whose learners the test plays, for the tests of `leader.ts`. */
import { assert } from '#test';
import { parseTxnPacket } from '../../storage/parse-txn.ts';
import { createPacket } from '../../storage/storage.test-kit.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { type TxnPacket, txnPacket } from '../../wire/txn-packet.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { type Peer, Stage, type StageOptions } from '../../zab/peer.test-kit.ts';
import { Leader } from './leader.ts';

const { ACK, FOLLOWERINFO, OBSERVERINFO, REQUEST } = PacketType;
export const QUORUM_PORT = 2888;
export const e1 = (counter: number) => makeZxid(1, counter);
export const e2 = (counter: number) => makeZxid(2, counter);
const OLD = [1, 2, 3].map(n => createPacket(e1(n)));
export const NEWLEADER = 'NEWLEADER 0x200000000';
export const UPTODATE = 'UPTODATE 0x-1';
export const SESSION = 0x77;

/**
 * A leader with three transactions of epoch 1, in an ensemble of three voters (1, 2, 3) and an observer (4).
 */
export class Play {
  readonly stage: Stage;
  readonly leader: Leader;
  established = 0;

  readonly lastZxid: number;

  /** `more` follows the three transactions. */
  constructor(more: readonly TxnPacket[] = [], options: StageOptions = {}) {
    const history = [...OLD, ...more];
    this.lastZxid = history.at(-1)!.zxid;
    this.stage = new Stage(options).history(history, 1);
    this.leader = new Leader(this.stage.context, epoch => {
      this.established = epoch;
    });
    this.leader.start(reason => {
      this.stage.ended = reason;
    });
    this.stage.settle();
  }

  get leading(): boolean {
    return this.leader.server !== null;
  }

  follower(sid: number, acceptedEpoch = 1): Peer {
    return this.stage.dial(QUORUM_PORT).sendInfo(FOLLOWERINFO, sid, acceptedEpoch);
  }

  /** Connects an observer from its own address, or from `host`. */
  observer(sid: number, acceptedEpoch = 1, host = `zk${sid}`, asksForProposals = false): Peer {
    return this.stage.dial(QUORUM_PORT, host).sendInfo(OBSERVERINFO, sid, acceptedEpoch, asksForProposals);
  }

  /** Brings a follower to UPTODATE, with an empty DIFF. */
  serve(sid = 2): Peer {
    const follower = this.follower(sid);
    assert.equal(follower.told(), ['LEADERINFO 0x200000000']);
    follower.sendAckEpoch(this.lastZxid, 1);
    assert.equal(follower.told(), [`DIFF 0x${this.lastZxid.toString(16)}`, NEWLEADER]);
    follower.send(ACK, e2(0));
    assert.equal(follower.told(), [UPTODATE]);
    assert.ok(this.leading);
    return follower;
  }

  /** An observer that serves; `lastZxid` is the leader's last zxid. */
  observe(sid: number, lastZxid = this.lastZxid, asksForProposals = false): Peer {
    const observer = this.observer(sid, 1, `zk${sid}`, asksForProposals);
    observer.told();
    observer.sendAckEpoch(lastZxid, 1);
    observer.told();
    observer.send(ACK, e2(0));
    assert.equal(observer.told(), [UPTODATE]);
    return observer;
  }

  /** Brings another follower to UPTODATE, while the leader serves. */
  serveAlso(sid: number): Peer {
    const follower = this.follower(sid);
    follower.told();
    follower.sendAckEpoch(this.lastZxid, 1);
    follower.told();
    follower.send(ACK, e2(0));
    assert.equal(follower.told(), [UPTODATE]);
    return follower;
  }
}

export function requestData(
  op: number,
  cxid: number,
  write: (writer: JuteWriter) => void,
  session = SESSION,
): Buffer {
  const writer = new JuteWriter().writeInt(0).writeInt(session).writeInt(cxid).writeInt(op);
  write(writer);
  return writer.toBuffer();
}

/** Opens the session that all requests use. */
export function openSession(follower: Peer, session = SESSION): void {
  follower.send(
    REQUEST,
    -1,
    requestData(OpCode.createSession, 0, w => void w.writeInt(60_000), session),
  );
}

/** The error code of the transaction in a PROPOSAL; 0 when it carries no error. */
export function codeOf(follower: Peer, proposal: string): number {
  const data = follower.data.get(proposal)!;
  const { body: txn } = parseTxnPacket(txnPacket(1, data));
  return txn.type === OpCode.error ? txn.err : 0;
}
