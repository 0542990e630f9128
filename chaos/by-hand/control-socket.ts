/**
 * The socket by which other commands reach a running `zklab up`: one JSON line to it, one back. It lies in
 * the folder of this user, so nobody else reaches it.
 */
import { readdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { cleanUpWithLab } from '../../bench/hosts/end-with-lab.ts';
import { identityOf } from '../../bench/hosts/process-identity.ts';
import { runtimeFolder } from '../../bench/hosts/reaper.ts';
import { UsageError } from '../../bench/usage-error.ts';

const REQUEST_BYTES_MAX = 65_536;
/** A restart of a large ensemble takes long; a process that stands still should be told apart from that. */
const ANSWER_MAX_MS = 180_000;
const NAME = /^up-(\d+)\.sock$/;

type Answer = { readonly value: unknown } | { readonly usage: string } | { readonly failure: string };

export class ControlSocket {
  readonly #server: Server;
  readonly #file: string;
  readonly #sockets = new Set<Socket>();
  readonly #forget: () => void;

  private constructor(server: Server, file: string) {
    this.#server = server;
    this.#file = file;
    this.#forget = cleanUpWithLab(() => rmSync(file, { force: true }));
  }

  /** @param serve answers a request; a UsageError is the fault of the one who asked */
  static async listen(
    serve: (request: unknown) => Promise<unknown>,
    folder = runtimeFolder(),
  ): Promise<ControlSocket> {
    const file = join(folder, `up-${process.pid}.sock`);
    rmSync(file, { force: true });
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(file, resolve);
    });
    const control = new ControlSocket(server, file);
    server.on('connection', socket => control.#serve(socket, serve));
    return control;
  }

  close(): void {
    this.#forget();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#file, { force: true });
  }

  #serve(socket: Socket, serve: (request: unknown) => Promise<unknown>): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    void lineFrom(socket, REQUEST_BYTES_MAX)
      .then(line => serve(JSON.parse(line)))
      .then(
        (value): Answer => ({ value }),
        (error: Error): Answer =>
          error instanceof UsageError ? { usage: error.message } : { failure: error.message },
      )
      .then(answer => socket.end(`${JSON.stringify(answer)}\n`));
  }
}

/** Process ids of the `zklab up` of this user that run now. Sockets of others are removed. */
export function runningUps(folder = runtimeFolder()): number[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap(name => {
    const pid = Number(NAME.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid)) return [];
    if (identityOf(pid) !== undefined) return [pid];
    rmSync(join(folder, name), { force: true });
    return [];
  });
}

/**
 * What was asked for could not be done, or its outcome is unknown. It is not a defect of the command that
 * asked.
 */
export class UpError extends Error {
  override readonly name = 'UpError';
}

/** @throws UsageError as `zklab up` reports it, UpError when it failed or does not answer */
export async function ask(pid: number, request: object, folder = runtimeFolder()): Promise<unknown> {
  const socket = createConnection(join(folder, `up-${pid}.sock`));
  socket.setTimeout(ANSWER_MAX_MS, () =>
    socket.destroy(new Error(`no answer within ${ANSWER_MAX_MS / 1_000} s`)),
  );
  try {
    const line = lineFrom(socket);
    socket.end(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse(
      await line.catch((error: Error) => {
        throw new UpError(`zklab up, process ${pid}, gave no answer: ${error.message}`);
      }),
    ) as Answer;
    if ('usage' in answer) throw new UsageError(answer.usage);
    if ('failure' in answer) throw new UpError(answer.failure);
    return answer.value;
  } finally {
    socket.destroy();
  }
}

/** The first line. @throws Error when the other side ends without one, or sends more than `bytesMax` */
function lineFrom(socket: Socket, bytesMax = Number.POSITIVE_INFINITY): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > bytesMax) reject(new UsageError(`a request has at most ${bytesMax} characters`));
    });
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('the connection ended before an answer')));
    socket.on('close', () => reject(new Error('the connection ended before an answer')));
  });
}
