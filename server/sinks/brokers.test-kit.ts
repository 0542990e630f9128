/**
 * Real brokers as child processes, each at a port of its own. They keep through a kill what they have
 * acknowledged.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createClient } from '@redis/client';
import { onPath, requirePeer, temporaryFolder, until } from '#test';
import type { Member } from '../interop/member.test-kit.ts';

const START_DEADLINE_MS = 60_000;
const PASSWORD = 'not-a-secret';
/** Number of entries that are read at once. */
const PAGE = 1_000;

export interface BrokerOptions {
  /** The broker has a user "zk" and a password. */
  readonly isSecured?: boolean;
  /** max_payload of NATS. */
  readonly messageBytesMax?: number;
}

/** A message, and the identity by which its broker knows it. */
export interface BrokerMessage {
  readonly id: string;
  readonly message: Record<string, unknown>;
}

export abstract class TestBroker {
  abstract readonly sink: 'nats' | 'redis';
  readonly folder = temporaryFolder();
  readonly port: number;
  readonly options: BrokerOptions;
  #child: ChildProcess | null = null;

  constructor(port: number, options: BrokerOptions) {
    this.port = port;
    this.options = options;
    mkdirSync(join(this.folder, 'data'));
    writeFileSync(this.passwordPath, `${PASSWORD}\n`);
  }

  protected abstract command(options: BrokerOptions): string[];
  /** All messages of a stream, in order. */
  abstract messages(stream: string): Promise<BrokerMessage[]>;
  /** Removes all messages of a stream. */
  abstract empty(stream: string): Promise<void>;
  /** Adds a message to a stream that no commit stream has sent. */
  abstract intrude(stream: string): Promise<void>;

  get url(): string {
    return `${this.sink}://${this.options.isSecured ? 'zk@' : ''}127.0.0.1:${this.port}`;
  }

  get password(): string | undefined {
    return this.options.isSecured ? PASSWORD : undefined;
  }

  get passwordPath(): string {
    return join(this.folder, 'password');
  }

  /** Lines for the zoo.cfg of an observer. */
  settings(stream = 'zookeeper'): string[] {
    const lines = [
      `observer.stream.sink=${this.sink}`,
      `observer.stream.url=${this.url}`,
      `observer.stream.name=${stream}`,
    ];
    return this.options.isSecured ? [...lines, `observer.stream.passwordPath=${this.passwordPath}`] : lines;
  }

  async start(options: BrokerOptions = this.options): Promise<void> {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...this.command(options)], { stdio: 'ignore' });
    this.#child = child;
    await until(() => answers(this.port), {
      deadlineMs: START_DEADLINE_MS,
      what: `${this.sink} to listen`,
      intervalMs: 20,
    });
  }

  /** Freezes it: its connections stay, and it sends nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

class NatsBroker extends TestBroker {
  readonly sink = 'nats';

  protected command({ isSecured, messageBytesMax = 8 * 1024 * 1024 }: BrokerOptions): string[] {
    const config = join(this.folder, 'nats.conf');
    const lines = [
      `listen: "127.0.0.1:${this.port}"`,
      `max_payload: ${messageBytesMax}`,
      `jetstream { store_dir: "${this.folder}/data" }`,
      ...(isSecured ? [`authorization { user: zk, password: "${PASSWORD}" }`] : []),
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    return ['nats-server', '--config', config];
  }

  async #connected<T>(use: (connection: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
    const user = this.password === undefined ? {} : { user: 'zk', pass: this.password };
    const connection = await connect({ servers: `127.0.0.1:${this.port}`, ...user });
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  }

  messages(stream: string): Promise<BrokerMessage[]> {
    return this.#connected(async connection => {
      const { state } = await (await jetstreamManager(connection)).streams.info(stream);
      const consumer = await jetstream(connection).consumers.get(stream);
      const found: BrokerMessage[] = [];
      while (found.length < state.messages) {
        const page = await consumer.fetch({ max_messages: PAGE, expires: 1_000 });
        for await (const message of page)
          found.push({
            id: message.headers?.get('Nats-Msg-Id') ?? '',
            message: message.json<Record<string, unknown>>(),
          });
      }
      return found;
    });
  }

  empty(stream: string): Promise<void> {
    return this.#connected(async connection => {
      await (await jetstreamManager(connection)).streams.purge(stream);
    });
  }

  intrude(stream: string): Promise<void> {
    return this.#connected(async connection => {
      await jetstream(connection).publish(stream, 'something else');
    });
  }
}

class RedisBroker extends TestBroker {
  readonly sink = 'redis';

  protected command({ isSecured }: BrokerOptions): string[] {
    const acl = isSecured ? ['--user', 'zk', 'on', `>${PASSWORD}`, '~*', '+@all'] : [];
    const files = ['--dir', join(this.folder, 'data'), '--appendonly', 'yes', '--save', ''];
    return ['redis-server', '--bind', '127.0.0.1', '--port', String(this.port), ...files, ...acl];
  }

  async #connected<T>(use: (call: (...args: string[]) => Promise<unknown>) => Promise<T>): Promise<T> {
    const client = createClient({
      url: `redis://127.0.0.1:${this.port}`,
      RESP: 2,
      ...(this.password === undefined ? {} : { username: 'zk', password: this.password }),
      socket: { reconnectStrategy: false },
    });
    client.on('error', () => {});
    await client.connect();
    try {
      return await use((...args) => client.sendCommand(args));
    } finally {
      client.destroy();
    }
  }

  messages(stream: string): Promise<BrokerMessage[]> {
    return this.#connected(async call => {
      const found: BrokerMessage[] = [];
      for (let from = '-'; ; from = `(${found.at(-1)?.id}`) {
        const page = (await call('XRANGE', stream, from, '+', 'COUNT', String(PAGE))) as [string, string[]][];
        found.push(...page.map(([id, fields]) => ({ id, message: JSON.parse(fields[1] ?? '') })));
        if (page.length < PAGE) return found;
      }
    });
  }

  empty(stream: string): Promise<void> {
    return this.#connected(async call => {
      await call('XTRIM', stream, 'MAXLEN', '0');
    });
  }

  intrude(stream: string): Promise<void> {
    return this.#connected(async call => {
      await call('XADD', stream, '*', 'other', 'something else');
    });
  }
}

export async function newBroker(sink: 'nats' | 'redis', options: BrokerOptions = {}): Promise<TestBroker> {
  const program = `${sink}-server`;
  requirePeer(program, onPath(program), 'a real broker for the commit stream');
  requirePeer('setpriv', onPath('setpriv'), 'what is started dies with the test');
  const port = await freePort();
  const broker = sink === 'nats' ? new NatsBroker(port, options) : new RedisBroker(port, options);
  await broker.start();
  return broker;
}

/** Chooses a port that the system gives to nobody else before the broker has it. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** The plug-in of an observer, once it runs. */
export async function plugInOf(observer: Member): Promise<number> {
  const { pid } = observer;
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const found = await until(children, { deadlineMs: START_DEADLINE_MS, what: 'the plug-in to run' });
  return Number(found.split(' ')[0]);
}

export async function killPlugIn(observer: Member): Promise<void> {
  process.kill(await plugInOf(observer), 'SIGKILL');
}
