import { type Logger, silentLogger } from './logger.ts';

/** A logger that keeps the texts of its warnings, and nothing else. */
export function keptWarnings(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: message => void warnings.push(message),
    child: () => logger,
  };
  return { logger, warnings };
}
