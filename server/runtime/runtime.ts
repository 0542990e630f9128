import type { X509Certificate } from 'node:crypto';

/**
 * Everything that is not deterministic enters the server through these interfaces: time, turns of the
 * event loop, sockets, files, randomness. `node-runtime.ts` implements them on Node.js;
 * `chaos/simulation/` implements them in virtual time from a seed.
 *
 * Contract shared by all implementations: no callback runs inside the call that registered it, and
 * callbacks never throw across this boundary: an exception in one ends the process (or the simulated
 * member), since a half-applied step must not go on serving.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly network: Network;
  readonly disk: Disk;
  readonly random: Random;
  readonly http: HttpHost;
  /** What `envi` shows of the process and its machine, under upstream's names, in upstream's order. */
  environment(): ReadonlyMap<string, string>;
  descriptors(): Descriptors;
  /** What the objects of the process may take: it ends when it needs more. */
  readonly heapBytesMax: number;
}

/**
 * File descriptors of the process: how many are open, and how many it may have. -1: the system does not say.
 */
export interface Descriptors {
  readonly open: number;
  readonly max: number;
}

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds of a clock that never goes back; fractional. */
  monotonicMs(): number;
  /** Milliseconds since 1970, an integer; may jump. Only for what people and znodes' ctime see. */
  wallMs(): number;
  after(delayMs: number, run: () => void): Timer;
  every(intervalMs: number, run: () => void): Timer;
  /**
   * Runs once when the I/O events of this turn of the loop have been handled. Work done here is shared
   * by everything that arrived in the turn: one flush per connection, one fsync per batch.
   */
  atEndOfTurn(run: () => void): void;
  /**
   * Runs once in the turn after this one, when the loop has looked at all sockets again: for work that is
   * divided among turns so that others are served in between.
   */
  inNextTurn(run: () => void): void;
  /** Turns at whose end something ran, so far. Work that is bounded for each turn is counted by it. */
  readonly turns: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionEvents {
  /** `chunk` belongs to the receiver: it is never reused by the network. */
  onData(chunk: Buffer): void;
  /** Once, last. `reason` is one phrase for a log line, such as "closed by peer" or "ECONNRESET". */
  onClose(reason: string): void;
  /** The output buffer fell back below the low-water mark after `write` had returned false. */
  onDrain?(): void;
  /**
   * The peer has sent all that it will, and may still read, as netcat does. True: the connection stays open
   * until it is ended here. Without this the connection is ended once what was written has left.
   */
  onEnd?(): boolean;
}

/**
 * What several connections have queued together. They tell of it as they write and as the system takes it; of
 * little, only when it leaves.
 */
export interface QueuedBytes {
  /** In place of `OUTPUT_HIGH_WATER_BYTES`, for all of them. */
  readonly highWaterBytes: number;
  /** So many bytes more were copied, or less. */
  add(bytes: number): void;
  /** A shared buffer waits once more. */
  keep(shared: Uint8Array): void;
  /** It waits once less. */
  letGo(shared: Uint8Array): void;
}

export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** Of the peer, checked; null without TLS, and for a peer that has shown none. */
  readonly peerCertificate: X509Certificate | null;
  /** Bytes accepted by `write` and not yet taken by the operating system. */
  readonly bytesQueued: number;
  /**
   * Data is held back until this is called, once. `queued`: where what this connection has queued is counted,
   * too.
   */
  start(events: ConnectionEvents, queued?: QueuedBytes): void;
  /**
   * Copies `bytes[start, end)` to the output buffer, which leaves in one piece at the end of the turn.
   * False when more than `OUTPUT_HIGH_WATER_BYTES` are queued; the bytes are taken all the same.
   */
  write(bytes: Uint8Array, start?: number, end?: number): boolean;
  /**
   * The same without a copy where one would cost more than it saves: nobody changes `bytes` from now on. What
   * is written to many connections is then kept once.
   */
  writeShared(bytes: Uint8Array): boolean;
  /** From now on the connection is destroyed when no byte goes either way for this long. */
  limitIdle(idleMs: number): void;
  /**
   * Sends what is queued, then closes. `onClose` follows. A peer that reads late or slowly gets all of it: it
   * is given up only when it takes in nothing for `END_STALLED_MS`, or when `END_MS_MAX` are over. @see
   * Linger
   */
  end(): void;
  /** Closes at once and drops what is queued. `onClose` follows. */
  destroy(reason?: string): void;
  pause(): void;
  resume(): void;
}

/** Above this many queued bytes `Connection.write` answers false. */
export const OUTPUT_HIGH_WATER_BYTES = 1024 * 1024;

export interface Listener {
  /** The bound port: the system's choice when port 0 was asked for. 0 until `onListening`. */
  readonly port: number;
  /** Stops accepting; connections already accepted stay. */
  close(): void;
}

export interface ListenEvents {
  /** Clients come here: they are turned away before descriptors become too few for peers and for the log. */
  readonly forClients?: boolean;
  onListening(port: number): void;
  onConnection(connection: Connection): void;
  /** Of a secured port: a peer was turned away before it became a connection. `reason` is for a log line. */
  onRefused?(from: Address, reason: string): void;
  /** Binding failed, or the listener broke. Nothing follows. */
  onError(error: Error): void;
}

export interface ListenOptions {
  /** Connections that may wait to be accepted; the system has a limit of its own. */
  readonly backlog?: number | undefined;
  readonly security?: SecurityContext | undefined;
}

/**
 * One side of TLS: what it shows, and whom it believes. With a context nothing but TLS is spoken: a
 * connection is handed out when each side believes the other. @see docs/sessions.md "TLS"
 */
export interface SecurityContext {
  /** PEM; the certificate with those that stand between it and an authority. A listener must have it. */
  readonly identity?: { readonly certificate: string; readonly privateKey: string };
  /** PEM of the authorities that a peer's certificate may come from. */
  readonly authorities: readonly string[];
  /**
   * Whether a peer has to show a certificate. One that is shown is always checked, and a listener always
   * shows its own. ssl.clientAuth
   */
  readonly peer: 'none' | 'want' | 'need';
  /** The certificate of whoever is dialled names the host that was dialled. ssl.hostnameVerification */
  readonly verifiesHost: boolean;
}

export interface ConnectEvents {
  onConnected(connection: Connection): void;
  onError(error: Error): void;
}

/**
 * A host is an address, or a name that is looked up at each call: one that does not resolve is an error of
 * that call (`isUnresolved`), and may resolve the next time.
 */
export interface Network {
  /**
   * On every address of a name, and on every address of the machine for ANY_HOST, of both families where it
   * has both.
   */
  listen(address: Address, events: ListenEvents, options?: ListenOptions): Listener;
  /**
   * To one address of the host after the other, IPv4 first. Calls exactly one of the events, unless cancelled
   * first. In TLS 1.3 whoever dials is done first: a listener that does not believe it closes a connection.
   */
  connect(address: Address, timeoutMs: number, events: ConnectEvents, security?: SecurityContext): Timer;
}

/** Synchronous except for `sync`: writes go to the page cache, `sync` carries them to the medium. */
export interface Disk {
  /** Creates the directory and its parents; succeeds when it exists. */
  makeDirectory(path: string): void;
  /** File names in a directory, sorted; [] when it does not exist. */
  list(path: string): string[];
  /**
   * Names in a directory one after the other, in no order, of files and of what else there is: for those who
   * only look, at a directory that may be large and may change meanwhile. None where it cannot be read.
   */
  names(path: string): Iterable<string>;
  /** Of a regular file; undefined for anything else, for what is gone, and for what may not be looked at. */
  fileInfo(path: string): FileInfo | undefined;
  exists(path: string): boolean;
  /** The same for two paths when they lead to the same directory. @throws when it does not exist */
  identity(path: string): string;
  /** Size in bytes. @throws when the file does not exist */
  size(path: string): number;
  read(path: string): Buffer;
  /** `mode`: "r" read only, "w" create or empty, "a+" create or keep, read and write. */
  open(path: string, mode: 'r' | 'w' | 'a+'): DiskFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes renames, creations and removals in a directory durable. */
  syncDirectory(path: string): void;
}

export interface FileInfo {
  readonly bytes: number;
  /** Milliseconds since 1970 of the last change. */
  readonly modifiedMs: number;
}

export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Reads up to `length` bytes at `position`; fewer at the end of the file. */
  readAt(position: number, length: number): Buffer;
  writeAt(position: number, bytes: Uint8Array, start?: number, end?: number): void;
  truncate(size: number): void;
  /** Makes everything written so far durable, then calls back. At most one at a time per file. */
  sync(done: (error: Error | undefined) => void): void;
  /** The same, holding the loop: only for small files on rare paths. */
  syncNow(): void;
  close(): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
}

/** A small HTTP surface, for AdminServer. */
export interface HttpHost {
  listen(
    address: Address,
    handler: HttpHandler,
    onReady: (error: Error | undefined, port: number) => void,
  ): { close(): void };
}

export interface HttpRequest {
  readonly method: string;
  /**
   * As it was sent, percent signs and all, without the query and without what stands before it in an absolute
   * URL.
   */
  readonly path: string;
  /** Of a name that is there several times, the first value. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpResponse {
  readonly status: number;
  /** Empty where there is no body. */
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer | StreamedBody;
}

/** A body that is made while it is sent, so that it is never whole in memory. */
export interface StreamedBody {
  /** Called once, when there is somebody to read it. */
  start(reader: BodyReader): void;
  /** The reader has taken what it was given. */
  drained(): void;
  /** Last. The reader is gone, whether it has all of the body or not. */
  closed(): void;
}

export interface BodyReader {
  /** False when the reader does not keep up: `drained` follows. */
  write(text: string): boolean;
  end(): void;
  /** Ends the connection in the middle, so that a part is not taken for the whole. */
  destroy(): void;
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
