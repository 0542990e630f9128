import type { X509Certificate } from 'node:crypto';

/**
 * Everything that is not deterministic enters the server through these interfaces: time, turns of the event
 * loop, sockets, files, randomness. `node-runtime.ts` implements them on Node.js; `chaos/simulation/`
 * implements them in virtual time from a seed.
 *
 * All implementations share this contract: no callback runs during the call that registered it, and
 * callbacks never throw across this boundary. An exception in one ends the process (or the simulated
 * member), since a half-applied step must not go on serving.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly network: Network;
  readonly disk: Disk;
  readonly random: Random;
  /** So many random bytes that nobody can guess. */
  secret(bytes: number): Buffer;
  readonly http: HttpHost;
  readonly plugIns: PlugInHost;
  /** What `envi` shows of the process and its machine, under upstream's names, in upstream's order. */
  environment(): ReadonlyMap<string, string>;
  descriptors(): Descriptors;
  /** Limit on the process's heap. The process ends when it needs more. */
  readonly heapBytesMax: number;
}

/** File descriptors of the process: the open ones, and the limit. -1: the system does not tell. */
export interface Descriptors {
  readonly open: number;
  readonly max: number;
}

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds of a clock that never goes back, with fractions. */
  monotonicMs(): number;
  /** Milliseconds since 1970, an integer that may jump. Only for what people see, and for znodes' ctime. */
  wallMs(): number;
  after(delayMs: number, run: () => void): Timer;
  every(intervalMs: number, run: () => void): Timer;
  /**
   * Runs once when the I/O events of this turn of the loop have been handled. Everything that arrived in the
   * turn shares this work: one flush per connection, one fsync per batch.
   */
  atEndOfTurn(run: () => void): void;
  /**
   * Runs once in the next turn, after the loop has polled all sockets again. For work that is divided among
   * turns so that others are served in between.
   */
  inNextTurn(run: () => void): void;
  /**
   * Number of turns so far with work at their end. Work with a limit per turn uses it to tell turns apart.
   */
  readonly turns: number;
  /** Number of flushes so far: one for each connection with output, in each turn. */
  readonly flushes: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionEvents {
  /** `chunk` belongs to the receiver; the network never reuses it. */
  onData(chunk: Buffer): void;
  /** Called once, last. `reason` is a phrase for a log line, such as "closed by peer" or "ECONNRESET". */
  onClose(reason: string): void;
  /** The output buffer fell back below the low-water mark after `write` had returned false. */
  onDrain?(): void;
  /**
   * The peer has sent everything, and may still read, as netcat does. True: the connection stays open until
   * it is ended here. Without this handler it ends once its output has left.
   */
  onEnd?(): boolean;
}

/**
 * Counts the bytes queued by several connections. They report them when they write and when the system takes
 * them; small output only when it leaves.
 */
export interface QueuedBytes {
  /** Replaces `OUTPUT_HIGH_WATER_BYTES` for all of these connections. */
  readonly highWaterBytes: number;
  /** This many more bytes are queued as copies; negative when they have left. */
  add(bytes: number): void;
  /** A shared buffer waits in one more queue. */
  keep(shared: Uint8Array): void;
  /** The shared buffer has left one of these queues. */
  letGo(shared: Uint8Array): void;
}

export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** The verified certificate of the peer; null without TLS, and for a peer without one. */
  readonly peerCertificate: X509Certificate | null;
  /** Bytes accepted by `write` and not yet taken by the operating system. */
  readonly bytesQueued: number;
  /** Data waits until this is called. `queued` also counts what this connection has queued. */
  start(events: ConnectionEvents, queued?: QueuedBytes): void;
  /**
   * Undoes `start`, so that somebody else can start it: what comes waits again, behind `unread`, which was
   * read too early. `onEnd` and `onClose` are called again.
   */
  stop(unread: Buffer): void;
  /**
   * Copies `bytes[start, end)` to the output buffer, which leaves in one piece at the end of the turn.
   * Returns false when more than `OUTPUT_HIGH_WATER_BYTES` are queued, but takes the bytes all the same.
   */
  write(bytes: Uint8Array, start?: number, end?: number): boolean;
  /**
   * The same without a copy, where a copy costs more than it saves: nobody may change `bytes` from now on.
   * Bytes written to many connections are then kept once.
   */
  writeShared(bytes: Uint8Array): boolean;
  /** From now on the connection is destroyed when no byte goes either way for this long. */
  limitIdle(idleMs: number): void;
  /**
   * From now on the system asks an idle peer whether it is there, and keeps firewalls from forgetting it.
   */
  keepAlive(): void;
  /**
   * Sends what is queued, then closes; `onClose` follows. A peer that reads late or slowly gets all of it,
   * unless it reads nothing for `END_STALLED_MS`, or `END_MS_MAX` have passed. @see Linger
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
  /**
   * True for a port of clients: these are refused before descriptors become too few for peers and the log.
   */
  readonly forClients?: boolean;
  onListening(port: number): void;
  onConnection(connection: Connection): void;
  /**
   * On a port with TLS or SASL: a peer was refused before it became a connection. `reason` is for a log line.
   * @default code ZK_TLS_PEER
   */
  onRefused?(from: Address, reason: string, code?: 'ZK_TLS_PEER' | 'ZK_SASL_PEER'): void;
  /** Binding failed, or the listener broke. Nothing follows. */
  onError(error: Error): void;
}

export interface ListenOptions {
  /** Number of connections that may wait to be accepted; the system also has a limit. */
  readonly backlog?: number | undefined;
  readonly security?: PortSecurity | undefined;
}

/** TLS on a port that listens. */
export interface PortSecurity {
  /** Asked for each connection, since certificates are renewed. */
  readonly context: () => SecurityContext;
  /** True: a peer may also speak without TLS, as while an ensemble is upgraded to it. portUnification */
  readonly acceptsPlain: boolean;
  /** Limit in ms on the wait for the first bytes, which tell TLS from plain text. */
  readonly detectionMs: number;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/**
 * One side of TLS: its certificate, and the ones it accepts. With a context only TLS is spoken, and a
 * connection is handed out when each side accepts the other. @see docs/sessions.md "TLS"
 */
export interface SecurityContext {
  /** PEM of the certificate and its intermediate ones. A listener must have it. */
  readonly identity?: { readonly certificate: string; readonly privateKey: string };
  /** PEM of the accepted authorities of peers' certificates. */
  readonly authorities: readonly string[];
  /**
   * Whether a peer must show a certificate. One that is shown is always verified, and a listener always
   * shows its own. ssl.clientAuth
   */
  readonly peer: 'none' | 'want' | 'need';
  /**
   * True: the certificate of a peer must be for its host. A dialled one has the name and the address that
   * were dialled, one that dials has its address. ssl.hostnameVerification, ssl.clientHostnameVerification
   */
  readonly verifiesHost: boolean;
  /**
   * Asks whether the certificate of a peer, which is otherwise accepted, is revoked. Calls `done` once, with
   * the reason why it is not accepted, or with null; never during the call. Absent: nobody asks. ssl.crl
   */
  readonly revocation?: (certificate: X509Certificate, done: (reason: string | null) => void) => Timer;
  /** Absent: both. */
  readonly versions?: { readonly min: TlsVersion; readonly max: TlsVersion };
  /** Names of OpenSSL with colons between them. Absent: those of Node.js. */
  readonly ciphers?: string;
}

export interface ConnectEvents {
  onConnected(connection: Connection): void;
  onError(error: Error): void;
}

/**
 * A host is an address, or a name that is looked up at each call. A name that does not resolve is an error
 * of that call (`isUnresolved`), and may resolve the next time.
 */
export interface Network {
  /**
   * Listens on every address of a name, and for ANY_HOST on every address of the machine, of both families
   * where it has both.
   */
  listen(address: Address, events: ListenEvents, options?: ListenOptions): Listener;
  /**
   * Connects to the addresses of the host one after the other, IPv4 first, until one answers. Calls exactly
   * one of the events, unless cancelled first. In TLS 1.3 the dialler completes first: a listener that does
   * not accept it closes a connection.
   */
  connect(address: Address, timeoutMs: number, events: ConnectEvents, security?: SecurityContext): Timer;
  /**
   * Calls `done` with all addresses of a name, as `Connection.remote` writes them; with none when it does
   * not resolve. `done` never runs during this call, nor after the result is cancelled.
   */
  addressesOf(host: string, done: (addresses: readonly string[]) => void): Timer;
  /** Why nobody can speak TLS with this context, such as a key that is too short; null when it will do. */
  problemWith(security: SecurityContext): string | null;
}

/**
 * The file system. All calls are synchronous except `sync`: writes go to the page cache, and `sync` carries
 * them to the medium.
 */
export interface Disk {
  /** Creates the directory and its parents; succeeds when it exists. */
  makeDirectory(path: string): void;
  /** File names in a directory, sorted; [] when it does not exist. */
  list(path: string): string[];
  /**
   * Names in a directory one after the other, unsorted, of files and everything else: for callers that only
   * look at a directory that may be large and may change meanwhile. An unreadable directory has none.
   */
  names(path: string): Iterable<string>;
  /**
   * Information on a regular file; undefined for anything else, and for what is missing or not accessible.
   */
  fileInfo(path: string): FileInfo | undefined;
  exists(path: string): boolean;
  /** Equal for two paths to the same directory. @throws when it does not exist */
  identity(path: string): string;
  /** Size in bytes. @throws when the file does not exist */
  size(path: string): number;
  read(path: string): Buffer;
  /** `mode`: "r" is read only; "w" creates or empties; "a+" creates or keeps, and reads and writes. */
  open(path: string, mode: 'r' | 'w' | 'a+'): DiskFile;
  /** Whoever may read or write `from` may do so with `to`, and nobody else. */
  copyPermissions(from: string, to: string): void;
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
  /** Reads up to `length` bytes at `position`, which nobody changes; fewer at the end of the file. */
  readAt(position: number, length: number): Buffer;
  writeAt(position: number, bytes: Uint8Array, start?: number, end?: number): void;
  truncate(size: number): void;
  /** Makes everything written so far durable, then calls back. At most one at a time per file. */
  sync(done: (error: Error | undefined) => void): void;
  /** The same, but it blocks the loop: only for small files on rare paths. */
  syncNow(): void;
  close(): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
}

/**
 * Starts plug-ins of the commit stream, each in a process of its own: whatever its libraries do, this process
 * goes on. @see docs/commit-stream.md "Processes"
 */
export interface PlugInHost {
  start(events: PlugInEvents): PlugIn;
}

export interface PlugIn {
  /** Hands over a message, which nobody may change. It is lost if the plug-in ends first. */
  send(message: unknown): void;
  /** Ends it at once. `onEnd` follows. */
  kill(): void;
}

export interface PlugInEvents {
  onMessage(message: unknown): void;
  /** Called once, last. `reason` is a phrase for a log line, such as "it ended by SIGKILL". */
  onEnd(reason: string): void;
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
   * The path as it was sent, with its percent signs, but without the query and the origin of an absolute
   * URL.
   */
  readonly path: string;
  /** The parameters of the query; of a repeated name, the first value. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpResponse {
  readonly status: number;
  /** Empty when there is no body. */
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer | StreamedBody;
}

/** A body that is made while it is sent, so that it is never complete in memory. */
export interface StreamedBody {
  /** Called once, when there is a reader. */
  start(reader: BodyReader): void;
  /** The reader has taken what it was given. */
  drained(): void;
  /** Called last: the reader is gone, whether it got the whole body or not. */
  closed(): void;
}

export interface BodyReader {
  /** False when the reader does not keep up: `drained` follows. */
  write(text: string): boolean;
  end(): void;
  /** Ends the connection early, so that a part is not taken for the whole. */
  destroy(): void;
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
