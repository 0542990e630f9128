import type { Logger } from '../runtime/logging/logger.ts';
import { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Clock } from '../runtime/runtime.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { EventListener, ServerEvent } from './server-events.ts';

/**
 * Writes events as log lines. The text is for people; programs read the kind in the field `event` and never
 * the text.
 */
export function logEvents(parts: { readonly logger: Logger; readonly clock: Clock }): EventListener {
  const { logger } = parts;
  const lines = new RatedLog(parts);
  return event => log(event, logger, lines);
}

function log(event: ServerEvent, logger: Logger, lines: RatedLog): void {
  const { kind } = event;
  switch (kind) {
    case 'looking':
      logger.info('this server looks for a leader', {
        zxid: zxidToHex(event.zxid),
        epoch: event.epoch,
        event: kind,
      });
      return;
    case 'elected': {
      const { leader, tookMs } = event;
      const who = event.state === 'LEADING' ? 'this server' : `server ${leader}`;
      logger.info(`${who} was elected leader`, { leader, tookMs: Math.round(tookMs), event: kind });
      return;
    }
    case 'newEpoch':
      logger.info('a new epoch begins', { epoch: event.epoch, event: kind });
      return;
    case 'leading': {
      const { epoch, syncedAfterMs } = event;
      logger.info('this server leads', { epoch, syncedAfterMs: Math.round(syncedAfterMs), event: kind });
      return;
    }
    case 'leadsAlone':
      logger.warn('this server leads without the other voter, as the oracle authorises it', {
        epoch: event.epoch,
        event: kind,
      });
      return;
    case 'configured': {
      const { role, voters, observers } = event;
      const members = { voters: voters.join(), observers: observers.join() };
      logger.info('a configuration is in force', {
        version: zxidToHex(event.version),
        role,
        ...members,
        event: kind,
      });
      return;
    }
    case 'leadingEnds':
      logger.warn(`this server stops leading: ${event.reason}`, { epoch: event.epoch, event: kind });
      return;
    case 'learningEnds':
      logger.warn(
        `this server stops ${event.role === 'follower' ? 'following' : 'observing'}: ${event.reason}`,
        {
          master: event.master,
          event: kind,
        },
      );
      return;
    case 'syncBegun': {
      const [zxid, lastLogged] = [event.zxid, event.lastLogged].map(zxidToHex);
      logger.info(`the master sends a ${event.mode}`, { zxid, lastLogged, event: kind });
      return;
    }
    case 'synced': {
      const { epoch, master, mode: sync, bytes, tookMs, hearsProposals } = event;
      const synced = { epoch, master, sync, bytes, tookMs: Math.round(tookMs) };
      const fields = { ...synced, ...(event.role === 'observer' ? { hearsProposals } : {}), event: kind };
      logger.info(`this server now ${event.role === 'follower' ? 'follows' : 'observes'} its master`, fields);
      return;
    }
    case 'syncInterrupted': {
      const { current, epoch, announced } = event;
      logger.warn('the last sync was interrupted; currentEpoch is set to the epoch of the log', {
        current,
        epoch,
        announced,
        event: kind,
      });
      return;
    }
    case 'readOnlyBegins':
      logger.warn('this server has no master and serves read-only clients alone', {
        zxid: zxidToHex(event.zxid),
        event: kind,
      });
      return;
    case 'readOnlyEnds': {
      const { reason } = event;
      const fields = { ageMs: Math.round(event.ageMs), event: kind };
      if (reason === null) logger.info('this server has a master again: its clients may write', fields);
      else logger.warn(`this server closes its read-only clients: ${reason}`, fields);
      return;
    }
    case 'sessionExpired':
      lines.info('sessions that expired', 'a session has expired', {
        session: `0x${BigInt.asUintN(64, event.id).toString(16)}`,
        event: kind,
      });
      return;
    case 'clientRefused': {
      const { session, from } = event;
      lines.warn('clients that are turned away', event.reason, { session, from, event: kind });
      return;
    }
    case 'streamOpened': {
      const zxid = event.zxid === null ? 'none' : zxidToHex(event.zxid);
      logger.info('the commit stream is open', { stream: event.stream, zxid, event: kind });
      return;
    }
    case 'streamFailed':
      logger.warn(`the commit stream waits: ${event.reason}`, { stream: event.stream, event: kind });
      return;
    case 'streamGap': {
      const [after, through] = [event.after, event.through].map(zxidToHex);
      const fields = { stream: event.stream, after, through, event: kind };
      if (event.reason === 'start') logger.info('the commit stream begins with what the log has', fields);
      else logger.warn('transactions are missing in the commit stream, which says so', fields);
      return;
    }
    case 'streamAhead': {
      const [stored, committed] = [event.stored, event.committed].map(zxidToHex);
      const fields = { stream: event.stream, stored, committed, event: kind };
      logger.warn(
        'the broker has later transactions than this observer, which sends none until then',
        fields,
      );
      return;
    }
    case 'snapshotWritten': {
      const { path, bytes, ms } = event;
      logger.info('a snapshot was written', { path, bytes, ms, event: kind });
      return;
    }
    case 'snapshotPassedOver':
      logger.warn('a snapshot cannot be read and is skipped', {
        path: event.path,
        reason: event.reason,
        event: kind,
      });
      return;
    case 'tornEntryCut': {
      const { path, offset, reason } = event;
      logger.warn('the log ends in a torn entry, which is cut off', { path, offset, reason, event: kind });
      return;
    }
    case 'purged':
      logger.info('old snapshots and logs were removed', {
        removed: event.removed,
        oldestKept: event.oldestKept,
        event: kind,
      });
      return;
    case 'treeDiffers':
      logger.error("the tree differs from the leader's", { ...event.difference, event: kind });
      return;
    case 'stopped':
      logger.error(`the server stops: ${event.message}`, { code: event.code, ...event.details, event: kind });
      return;
    // A later line gives the reason.
    case 'supportLost':
    case 'learnerAhead':
    case 'quorumNotFormed':
    case 'quorumLost':
    case 'truncImpossible':
    // The master logs when the sync begins, and the role logs that it serves.
    case 'learnerSynced':
    case 'serving':
      return;
    default:
      kind satisfies never;
  }
}
