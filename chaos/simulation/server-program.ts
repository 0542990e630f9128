import { ReadOnlyZooKeeperServer } from '../../server/learner/read-only-zookeeper-server.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import type { ZkDatabase } from '../../server/storage/zk-database.ts';
import { epochOf } from '../../server/wire/zxid.ts';
import { hearMaster } from './hear-master.ts';
import type { Journal } from './journal.ts';
import type { MemberContext, MemberProgram, MemberState, RunningMember } from './member.ts';
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
  const { spec, members, logger, turnUnits, onEvent, onFatal, onMasterPacket } = context;
  const config = serverConfigOf(spec, members, { ...context.settings, ...settings });
  const runtime =
    onMasterPacket === undefined
      ? context.runtime
      : { ...context.runtime, network: hearMaster(context.runtime.network, onMasterPacket) };
  const server = startServer({
    runtime,
    config,
    logger,
    onEvent,
    onFatal,
    ...(turnUnits === undefined ? {} : { turnUnits }),
  });
  const { view, database } = server;
  report(database, spec.name, context.journal);
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

/** Reports to the journal what is logged, at the calls through which it comes. The server does not notice. */
function report(database: ZkDatabase, member: string, journal: Journal): void {
  const append = database.append.bind(database);
  database.append = packet => {
    append(packet);
    journal.logged(member, packet);
  };
  const startEpoch = database.startEpoch.bind(database);
  database.startEpoch = zxid => {
    journal.epochStarted(member, epochOf(zxid), database.lastProcessedZxid);
    startEpoch(zxid);
  };
}
