import { ReadOnlyZooKeeperServer } from '../../server/learner/read-only-zookeeper-server.ts';
import type { Runtime } from '../../server/runtime/runtime.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import { epochOf } from '../../server/wire/zxid.ts';
import { hearMaster } from './hear-master.ts';
import type { MemberContext, MemberProgram, MemberState, RunningMember } from './member.ts';
import { withOracle } from './oracle-disk.ts';
import type { QuorumWatch } from './quorum-watch.ts';
import { CLIENT_PORT, serverConfigOf } from './server-config.ts';

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
  const { spec, members, logger, turnUnits, onEvent, onFatal } = context;
  const config = serverConfigOf(spec, members, { ...context.settings, ...settings });
  const server = startServer({
    runtime: runtimeOf(context),
    config,
    logger,
    onEvent,
    onFatal,
    ...(turnUnits === undefined ? {} : { turnUnits }),
  });
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
        treeDigest: database.tree.digest.toBigInt().toString(16),
        localSessions: view.localSessions?.size ?? 0,
      };
    },
  };
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
function report(server: RunningServer, { spec, journal, quorums }: MemberContext): void {
  const { view, database } = server;
  const { sid, name } = spec;
  const append = database.append.bind(database);
  database.append = packet => {
    append(packet);
    journal.logged(name, packet);
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
