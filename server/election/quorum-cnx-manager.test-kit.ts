/** Servers with a connection manager each, and strangers that send them bytes. */
import { Metrics } from '../metrics/metrics.ts';
import { type Logger, silentLogger } from '../runtime/logging/logger.ts';
import type { Connection } from '../runtime/runtime.ts';
import { type MemoryHost, MemoryNetwork } from '../runtime/virtual/memory-network.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { plainElection } from '../security/election-network.ts';
import { type Notification, writeInitialMessage } from '../wire/election-message.ts';
import { JuteWriter } from '../wire/jute.ts';
import { QuorumCnxManager } from './quorum-cnx-manager.ts';

export const PORT = 3888;
export const ACCEPTED_EPOCH = 7;
export const CNX_TIMEOUT_MS = 5000;
export const HELLO_TIMEOUT_MS = 4000;

export const notification = (round: number): Notification => ({
  state: 'LOOKING',
  leader: 1,
  zxid: 0,
  round,
  peerEpoch: 0,
  version: 2,
  config: Buffer.from('version=0'),
});

export interface Server {
  readonly manager: QuorumCnxManager;
  readonly received: string[];
  readonly warnings: string[];
  readonly host: MemoryHost;
}

export class World {
  readonly time = new VirtualTime();
  readonly network = new MemoryNetwork(this.time);
  readonly #sids: readonly number[];

  constructor(...sids: number[]) {
    this.#sids = sids;
  }

  start(sid: number, configured = this.#sids, hostName = `zk${sid}`): Server {
    const clock = new VirtualClock(this.time);
    const host = this.network.host(hostName, clock);
    const received: string[] = [];
    const warnings: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_, fields) => warnings.push(String(fields?.reason)),
    };
    const members = new Map(configured.map(id => [id, { places: [[{ host: `zk${id}`, port: PORT }]] }]));
    const manager = new QuorumCnxManager(
      { clock, network: plainElection(host), logger, metrics: new Metrics() },
      {
        sid,
        members,
        quorumListenOnAllIPs: true,
        cnxTimeoutMs: CNX_TIMEOUT_MS,
        helloTimeoutMs: HELLO_TIMEOUT_MS,
        bindTriesMax: 3,
        acceptedEpoch: () => ACCEPTED_EPOCH,
      },
      {
        onNotification: (from, { round }) => received.push(`${from}: ${round}`),
        onListenFailed: error => warnings.push(error.message),
      },
    );
    manager.start();
    this.time.advance(10);
    return { manager, received, warnings, host };
  }

  /** A peer for which the test chooses the bytes. */
  stranger(to: number, bytes: Buffer, name = 'stranger'): Stranger {
    const host = this.network.find(name) ?? this.network.host(name, new VirtualClock(this.time));
    const stranger: Stranger = { closed: false, bytesRead: 0, connection: undefined };
    host.connect({ host: `zk${to}`, port: PORT }, CNX_TIMEOUT_MS, {
      onConnected: connection => {
        stranger.connection = connection;
        connection.start({
          onData: chunk => {
            stranger.bytesRead += chunk.length;
          },
          onClose: () => {
            stranger.closed = true;
          },
        });
        connection.write(bytes);
      },
      onError: error => {
        throw error;
      },
    });
    this.time.advance(10);
    return stranger;
  }
}

export interface Stranger {
  closed: boolean;
  bytesRead: number;
  connection: Connection | undefined;
}

export function initial(sid: number, host = 'stranger'): Buffer {
  const writer = new JuteWriter();
  writeInitialMessage(writer, sid, [{ host, port: PORT }], 1);
  return writer.toBuffer();
}
