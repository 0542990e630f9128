import { pino } from 'pino';
import type { LogFields, Logger } from './logger.ts';

type Pino = ReturnType<typeof pino>;

/** JSON lines on standard output, as pino writes them. `LOG_LEVEL` chooses the level, `info` by default. */
export function nodeLogger(): Logger {
  return wrap(pino({ base: null, level: process.env.LOG_LEVEL ?? 'info' }));
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
