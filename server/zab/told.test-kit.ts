/** The lines of a transcript: what each side of the synchronisation sends and does. */
import { PacketType, packetName, type QuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { LearnerOutput } from './learner-side.ts';
import type { MasterOutput } from './master-side.ts';

export function told({ type, zxid, data }: QuorumPacket): string {
  const name = type === PacketType.UPTODATE ? packetName(type) : `${packetName(type)} ${zxidToHex(zxid)}`;
  if (type !== PacketType.ACKEPOCH) return name;
  const epoch = data!.readInt32BE(0);
  return `${name}, ${epoch < 0 ? 'not to be counted' : `currentEpoch ${epoch}`}`;
}

export function toldOfLearner(output: Exclude<LearnerOutput, { type: 'send' }>): string {
  switch (output.type) {
    case 'setAcceptedEpoch':
      return `writes acceptedEpoch ${output.epoch}`;
    case 'announceCurrentEpoch':
      return `announces currentEpoch ${output.epoch}`;
    case 'setCurrentEpoch':
      return `writes currentEpoch ${output.epoch}`;
    case 'beginSync':
      return `begins ${output.mode}`;
    case 'truncate':
      return `cuts its log behind ${zxidToHex(output.zxid)}`;
    case 'receiveSnapshot':
      return `receives the tree at ${zxidToHex(output.zxid)}`;
    case 'restoreSnapshot':
      return 'writes that tree to its disk, and takes it for its own';
    case 'needSnapshot':
      return output.isNeeded ? 'will ask for a SNAP' : 'need not ask for a SNAP';
    case 'log':
      return `logs ${zxidToHex(output.txn.zxid)}`;
    case 'apply':
      return `applies ${zxidToHex(output.txn.zxid)}`;
    case 'flush':
      return 'syncs its log';
    case 'proposeConfig':
      return 'counts the configuration of a reconfiguration from here on';
    case 'activateConfig':
      return `puts a reconfiguration in force, by which ${output.leader ?? 'nobody in particular'} leads`;
    case 'keepConfig':
      return 'keeps the configuration of NEWLEADER as last seen';
    case 'adoptConfig':
      return 'puts the configuration of NEWLEADER in force';
    case 'serve':
      return `serves; committed since NEWLEADER: ${list(output.committed)}, pending: ${list(output.pending)}`;
    case 'leave':
      return `leaves: ${output.reason}`;
  }
}

export function toldOfMaster(output: Exclude<MasterOutput, { type: 'send' | 'sendNewLeader' }>): string {
  switch (output.type) {
    case 'awaitEpoch':
      return `waits for the new epoch; ${output.isObserver ? 'observer' : 'follower'} ${output.info.sid} accepted ${output.info.acceptedEpoch}`;
    case 'awaitEpochAck':
      return 'waits for a quorum that has accepted the epoch';
    case 'awaitSeat':
      return 'waits for the seat of the learner';
    case 'register':
      return `holds live traffic after ${zxidToHex(output.lastZxid)}`;
    case 'readLog':
      return `reads its log after ${zxidToHex(output.after)}, through ${zxidToHex(output.through)}`;
    case 'beginSync':
      return `begins ${output.mode}`;
    case 'bringSnapshot':
      return 'sends its tree';
    case 'bringHistory':
      return `sends its log after ${zxidToHex(output.after)}, through ${zxidToHex(output.through)}`;
    case 'awaitStart':
      return 'waits for a quorum that has acknowledged NEWLEADER';
    case 'release':
      return 'lets live traffic through';
    case 'close':
      return `closes: ${output.reason}`;
  }
}

function list(packets: readonly TxnPacket[]): string {
  return packets.length === 0 ? 'none' : packets.map(({ zxid }) => zxidToHex(zxid)).join(' ');
}
