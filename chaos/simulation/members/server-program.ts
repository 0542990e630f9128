import type { ServerConfig } from '../../../server/config/server-config.ts';
import { ServerError } from '../../../server/errors.ts';
import { ReadOnlyZooKeeperServer } from '../../../server/learner/read-only-zookeeper-server.ts';
import type { Runtime } from '../../../server/runtime/runtime.ts';
import { type RunningServer, startServer } from '../../../server/server.ts';
import { parseTxnPacket } from '../../../server/storage/parse-txn.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import type { TxnPacket } from '../../../server/wire/txn-packet.ts';
import { epochOf } from '../../../server/wire/zxid.ts';
import { withOracle } from '../disks/oracle-disk.ts';
import type { QuorumWatch } from '../invariants/quorum-watch.ts';
import { rulesOf } from '../own-quorum.ts';
import type { Settings } from '../settings.ts';
import { hearMaster } from './hear-master.ts';
import type { MemberContext, MemberProgram, MemberState, RunningMember } from './member.ts';
import { configOnDisk } from './member-files.ts';
import { writeJaasFile } from './member-sasl.ts';
import { CLIENT_PORT, serverConfigOf, serverConfigText } from './server-config.ts';

/**
 * Runs the unchanged server as the program of every member.
 *
 * @param settings more lines of zoo.cfg, the same for all members
 * @param onStart gets each server that has started
 */
export function serverProgram(
  settings: Readonly<Record<string, string>> = {},
  onStart: (server: RunningServer, context: MemberContext) => void = () => {},
): MemberProgram {
  return { clientPort: CLIENT_PORT, complete: true, start: context => start(context, settings, onStart) };
}

function start(
  context: MemberContext,
  settings: Readonly<Record<string, string>>,
  onStart: (server: RunningServer, context: MemberContext) => void,
): RunningMember {
  const { spec, logger, turnUnits, onFatal, configs } = context;
  const config = configOf(context, { ...context.settings, ...settings });
  if (config === undefined) return { state: () => REMOVED };
  if (config.quorumSasl !== undefined) writeJaasFile(context.runtime.disk);
  let running: RunningServer | undefined;
  const tellConfig = () => {
    const { version, text } = running?.view.peer?.membership.committed.verifier ?? { version: 0, text: '' };
    configs.inForce(spec.name, version, text);
  };
  configs.starts(spec.name);
  const server = startServer({
    runtime: runtimeOf(context),
    config,
    logger,
    onEvent: event => {
      context.onEvent(event);
      if (event.kind === 'configured') tellConfig();
    },
    onFatal,
    ...(turnUnits === undefined ? {} : { turnUnits }),
  });
  running = server;
  tellConfig();
  const { view, database } = server;
  report(server, context);
  onStart(server, context);
  return {
    state(): MemberState {
      const zxid = database.lastProcessedZxid;
      return {
        mode: view.peer?.role?.name ?? 'looking',
        serving: view.serving !== null && !(view.serving instanceof ReadOnlyZooKeeperServer),
        epoch: view.peer?.role?.epoch ?? epochOf(zxid),
        zxid,
        get treeDigest() {
          return database.tree.digest.toBigInt().toString(16);
        },
        localSessions: view.localSessions?.size ?? 0,
      };
    },
  };
}

/** A member that its last configuration does not name cannot start again. */
const REMOVED: MemberState = { mode: 'removed', serving: false, epoch: 0, zxid: 0, treeDigest: '' };

/** Undefined for a member that was removed from the ensemble. */
function configOf(context: MemberContext, settings: Settings): ServerConfig | undefined {
  const { spec, members, runtime, isPrepared = false, logger } = context;
  if (settings.reconfigEnabled !== 'true') return serverConfigOf(spec, members, settings);
  const text = serverConfigText(spec, members, settings);
  try {
    return configOnDisk(runtime.disk, spec.sid, text, isPrepared);
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== 'ZK_MYID') throw error;
    logger.info('does not start, for its configuration does not name it', { problem: error.message });
    return undefined;
  }
}

function runtimeOf({ runtime, onMasterPacket, authorises }: MemberContext): Runtime {
  return {
    ...runtime,
    ...(onMasterPacket === undefined ? {} : { network: hearMaster(runtime.network, onMasterPacket) }),
    ...(authorises === undefined ? {} : { disk: withOracle(runtime.disk, authorises) }),
  };
}

/**
 * Reports what is logged, durable and committed, at the calls through which it comes. The server does not
 * notice.
 */
function report(server: RunningServer, { spec, journal, quorums, settings }: MemberContext): void {
  const { view, database } = server;
  const { sid, name } = spec;
  const onNew = (packet: TxnPacket) => {
    const { body } = parseTxnPacket(packet);
    if (body.type === OpCode.reconfig) quorums.proposed(packet.zxid, rulesOf(String(body.data)));
  };
  const append = database.append.bind(database);
  database.append = packet => {
    append(packet);
    journal.logged(name, packet, settings.reconfigEnabled === 'true' ? onNew : undefined);
  };
  const startEpoch = database.startEpoch.bind(database);
  database.startEpoch = zxid => {
    const last = database.lastProcessedZxid;
    journal.epochStarted(name, epochOf(zxid), last);
    quorums.leads(sid, epochOf(zxid), journal.lastTransaction(last));
    startEpoch(zxid);
  };
  const apply = database.apply.bind(database);
  database.apply = (packet, header, body, digestAt) => {
    const role = view.peer?.role;
    if (role?.name === 'leader' && role.server !== null) quorums.commits(sid, packet.zxid);
    return apply(packet, header, body, digestAt);
  };
  reportDisk(server, sid, quorums);
}

function reportDisk({ view, database }: RunningServer, sid: number, quorums: QuorumWatch): void {
  quorums.durableIs(sid, database.lastLoggedZxid);
  const flush = database.flush.bind(database);
  database.flush = done => {
    const upTo = database.lastLoggedZxid;
    flush(error => {
      if (error === undefined) quorums.durableIs(sid, upTo);
      done(error);
    });
  };
  const truncate = database.truncate.bind(database);
  database.truncate = zxid => {
    const isDone = truncate(zxid);
    if (isDone) quorums.durableIs(sid, zxid);
    return isDone;
  };
  const finishRestore = database.finishRestore.bind(database);
  database.finishRestore = (reader, zxid, done) =>
    finishRestore(reader, zxid, error => {
      if (error === undefined) quorums.durableIs(sid, zxid);
      done(error);
    });
  const epochs = view.peer?.epochs;
  if (epochs === undefined) return;
  quorums.epochIs(sid, epochs.currentEpoch, database.lastLoggedZxid);
  quorums.acceptedIs(sid, epochs.acceptedEpoch);
  const setCurrentEpoch = epochs.setCurrentEpoch.bind(epochs);
  epochs.setCurrentEpoch = epoch => {
    setCurrentEpoch(epoch);
    quorums.epochIs(sid, epoch, database.lastLoggedZxid);
  };
  const setAcceptedEpoch = epochs.setAcceptedEpoch.bind(epochs);
  epochs.setAcceptedEpoch = epoch => {
    setAcceptedEpoch(epoch);
    quorums.acceptedIs(sid, epoch);
  };
}
