import { startServer } from '../../server/server.ts';
import { epochOf } from '../../server/wire/zxid.ts';
import type { MemberContext, MemberProgram, MemberState, RunningMember } from './member.ts';
import { CLIENT_PORT, serverConfigOf } from './server-config.ts';

/**
 * The server itself, unchanged, as the program of every member.
 *
 * @param settings more lines of zoo.cfg, the same for all members
 */
export function serverProgram(settings: Readonly<Record<string, string>> = {}): MemberProgram {
  return { clientPort: CLIENT_PORT, complete: true, start: context => start(context, settings) };
}

function start(context: MemberContext, settings: Readonly<Record<string, string>>): RunningMember {
  const { runtime, spec, members, logger, onFatal } = context;
  const config = serverConfigOf(spec, members, { ...context.settings, ...settings });
  const { view, database, metrics } = startServer({ runtime, config, logger, onFatal });
  return {
    state(): MemberState {
      const zxid = database.lastProcessedZxid;
      return {
        mode: view.peer?.role?.name ?? 'looking',
        serving: view.serving !== null,
        epoch: epochOf(zxid),
        zxid,
        treeDigest: database.tree.digest.toBigInt().toString(16),
        digestMismatches: metrics.counter('digest_mismatches_count').value,
      };
    },
  };
}
