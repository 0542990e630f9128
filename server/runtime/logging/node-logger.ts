import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { printable } from '../../printable.ts';
import { boundedLogger } from './bounded-logger.ts';
import { logDevice, STANDARD_ERROR, STANDARD_OUTPUT } from './log-device.ts';
import { LogOutput } from './log-output.ts';
import type { LogFields, Logger } from './logger.ts';

type Pino = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

const PINO_WARN = 40;
/**
 * At the end of the process, waiting lines are written for as long as the reader takes some of them within
 * this time, in ms.
 */
const LAST_FLUSH_IDLE_MS = 250;
const LAST_FLUSH_MS_MAX = 2_000;
const LAST_FLUSH_STEP_MS = 5;
const STACK_LINES_MAX = 50;
const STACK_LINE_CHARS_MAX = 2_000;

export interface ProcessLog {
  readonly logger: Logger;
  /** Lines dropped since the start of the process. */
  linesDropped(): number;
  /** Writes to standard error why the process ends. */
  lastWords(text: string): void;
}

/**
 * Writes JSON lines to standard output, as pino does. `LOG_LEVEL` chooses the level, `info` by default.
 * Neither stream can stop or end the server, whatever it is connected to.
 */
export function processLog(): ProcessLog {
  const output = outputTo(STANDARD_OUTPUT, lossLine);
  const errors = outputTo(
    STANDARD_ERROR,
    linesDropped => `zklab-server: ${linesDropped} lines were dropped\n`,
  );
  process.on('exit', () => {
    flushAtExit(output);
    flushAtExit(errors);
  });
  const log = pino(
    { base: null, level: process.env.LOG_LEVEL ?? 'info' },
    { write: line => output.write(line) },
  );
  const logger = boundedLogger(wrap(log));
  // Node.js's own handler writes to standard error, and ends the process when that fails.
  process.removeAllListeners('warning');
  process.on('warning', warning => logger.warn(`Node.js warns: ${warning.message}`, { name: warning.name }));
  return {
    logger,
    linesDropped: () => output.linesDropped,
    lastWords: text => errors.write(`${printableLines(text)}\n`),
  };
}

function outputTo(
  stream: Parameters<typeof logDevice>[0],
  lossReport: (linesDropped: number, reason: string) => string,
): LogOutput {
  return new LogOutput({
    device: logDevice(stream),
    after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
    lossReport,
  });
}

function lossLine(linesDropped: number, reason: string): string {
  const msg = `${linesDropped} lines of this log were dropped: standard output did not take them`;
  return `${JSON.stringify({ level: PINO_WARN, time: Date.now(), linesDropped, reason, msg })}\n`;
}

/** Blocks the process, which has nothing else to do. */
function flushAtExit(output: LogOutput): void {
  const startMs = performance.now();
  let movedMs = startMs;
  for (let waiting = output.bytesWaiting; !output.flush() && output.isBusy; ) {
    const nowMs = performance.now();
    if (output.bytesWaiting < waiting) movedMs = nowMs;
    waiting = output.bytesWaiting;
    if (nowMs - movedMs > LAST_FLUSH_IDLE_MS || nowMs - startMs > LAST_FLUSH_MS_MAX) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_FLUSH_STEP_MS);
  }
}

/** Escapes each line by itself, because any of them may contain text of a peer. */
function printableLines(text: string): string {
  const lines = text.split('\n', STACK_LINES_MAX);
  return lines.map(line => printable(line, STACK_LINE_CHARS_MAX)).join('\n');
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
