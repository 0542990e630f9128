import { pino } from 'pino';
import type { LogFields, Logger } from './logger.ts';

type Pino = ReturnType<typeof pino>;

/**
 * JSON lines on standard output, as pino writes them. `LOG_LEVEL` chooses the level, `info` by default. Written at once:
 * pino's flush at exit tries for ever when the reader is gone, and a server would outlive the lab that started it.
 */
export function nodeLogger(): Logger {
  const standardOutput = pino.destination({ fd: 1, sync: true });
  return wrap(pino({ base: null, level: process.env.LOG_LEVEL ?? 'info' }, standardOutput));
}

function wrap(log: Pino): Logger {
  return {
    debug: (message: string, fields: LogFields = {}) => log.debug(fields, message),
    info: (message: string, fields: LogFields = {}) => log.info(fields, message),
    warn: (message: string, fields: LogFields = {}) => log.warn(fields, message),
    error: (message: string, fields: LogFields = {}) => log.error(fields, message),
    child: (fields: LogFields) => wrap(log.child(fields)),
  };
}
