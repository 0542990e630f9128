/** `zklab bench record`: records what clients request of a server, until it is ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { REQUEST_BYTES_MAX } from './recording.ts';
import { RecordingFile } from './recording-file.ts';
import { RecordingProxy } from './recording-proxy.ts';
import { hashedPath } from './request-shape.ts';

export interface RecordOptions {
  /** On loopback; 0 takes a free port. */
  readonly listen: number;
  /** host:port */
  readonly to: string;
  readonly out: string;
  readonly hashPaths: boolean;
  readonly megabytesMax: number;
  /** Undefined: until the signal. */
  readonly forMs: number | undefined;
  readonly signal: AbortSignal;
}

const HOST = '127.0.0.1';
const PROGRESS_EVERY_MS = 5_000;

/** The exit code is 1 when the file was not written, or no client reached the server. @throws UsageError */
export async function benchRecord(terminal: Terminal, options: RecordOptions): Promise<ExitCode> {
  const { listen, out, hashPaths, megabytesMax } = options;
  const to = addressOf(options.to);
  let file: RecordingFile | undefined;
  const proxy = await RecordingProxy.listen({
    listen: { host: HOST, port: listen },
    to,
    pathText: hashPaths ? hashedPath : path => path,
    onEvent: event => file?.write(event),
  }).catch((error: Error) => {
    throw new UsageError(`--listen ${listen}: ${error.message}; accepted is a free port, or 0 for any`);
  });
  try {
    file = openFile(out, hashPaths, megabytesMax);
    await record(terminal, options, proxy, file);
  } finally {
    await proxy.close();
    file?.end();
  }
  return conclude(terminal, options, proxy, file);
}

async function record(
  terminal: Terminal,
  { to, forMs, signal }: RecordOptions,
  proxy: RecordingProxy,
  file: RecordingFile,
): Promise<void> {
  terminal.print(
    `recording what clients request of ${to}; connect them to ${HOST}:${proxy.port}; Ctrl-C ends it`,
  );
  let last = '';
  const untilMs = performance.now() + (forMs ?? Number.POSITIVE_INFINITY);
  while (!signal.aborted && performance.now() < untilMs && file.problem === undefined && !file.isFull) {
    const restMs = Math.min(PROGRESS_EVERY_MS, untilMs - performance.now());
    await sleep(Math.max(1, restMs), undefined, { signal }).catch(() => {});
    const said = `${proxy.connections} connections, ${file.records} records, ${file.bytes} bytes`;
    // A file that takes the output of a long recording does not get a line for each quiet moment.
    if (said !== last) terminal.progress(said);
    last = said;
  }
}

function conclude(
  terminal: Terminal,
  { to, out, megabytesMax }: RecordOptions,
  proxy: RecordingProxy,
  file: RecordingFile,
): ExitCode {
  if (proxy.foreign > 0)
    terminal.print(
      `connections that did not speak ZooKeeper's protocol, which are not recorded: ${proxy.foreign}`,
    );
  if (proxy.unreadable > 0)
    terminal.print(
      `sessions that sent something other than a request, and are recorded until then: ${proxy.unreadable}`,
    );
  if (proxy.tooLarge > 0)
    terminal.print(
      `requests of more than ${REQUEST_BYTES_MAX / 1024} KiB, which are not recorded: ${proxy.tooLarge}`,
    );
  if (file.isFull) terminal.print(`the recording ended at its largest size, ${megabytesMax} MB`);
  if (file.problem !== undefined) {
    terminal.error(`zklab: the recording ${out} could not be written: ${file.problem}`);
    return EXIT_CODES.failed;
  }
  const { sessions, connections } = proxy;
  terminal.print(
    `${out}: ${sessions} sessions on ${connections} connections, ${file.records} records, ${file.bytes} bytes`,
  );
  return concludeReach(terminal, to, proxy);
}

/** A recording of a server that was never there looks like one of clients that asked for nothing. */
function concludeReach(
  terminal: Terminal,
  to: string,
  { connections, reached, unreachedBecause = 'it had not answered by the end' }: RecordingProxy,
): ExitCode {
  if (connections === 0) terminal.print(`no client came, so the server ${to} was not tried`);
  else if (reached === 0) {
    terminal.error(`zklab: no connection reached the server ${to}: ${unreachedBecause}`);
    return EXIT_CODES.failed;
  } else if (reached < connections)
    terminal.print(
      `connections that did not reach the server ${to}: ${connections - reached} of ${connections}; the last: ${unreachedBecause}`,
    );
  return EXIT_CODES.holds;
}

function addressOf(text: string): { host: string; port: number } {
  const [, host = '', digits] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === '' || !(port >= 1 && port <= 65_535))
    throw new UsageError(`--to ${text}: accepted is host:port, with a port from 1 to 65535`);
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

function openFile(out: string, hashedPaths: boolean, megabytesMax: number): RecordingFile {
  try {
    return new RecordingFile(out, { hashedPaths, bytesMax: megabytesMax * 1024 * 1024 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it exists, and no file is overwritten' : message;
    throw new UsageError(`--out ${out}: ${why}`);
  }
}
