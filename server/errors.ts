/**
 * The catalogue of errors: those with which the server ends, refuses something, or goes on. Codes are stable,
 * because scripts and log searches rely on them. The text of a code says when the error happens; the message
 * of an instance names the thing and the value.
 */
const errorCatalogue = {
  ZK_CONFIG_FILE: 'a configuration file cannot be read',
  ZK_CONFIG_VALUE: 'a configuration key has a value that is not accepted',
  ZK_CONFIG_MISSING: 'a configuration key that the role needs is missing',
  ZK_CONFIG_RESTRICTION: 'a configuration key asks for a restriction that this server cannot enforce yet',
  ZK_KEY_STORE: 'a key store, a trust store or its password file cannot be read or used',
  ZK_JAAS: 'the JAAS file cannot be read, or lacks a user or a password of SASL between members',
  ZK_MYID: 'the myid file is missing or does not name a server of the ensemble',
  ZK_LISTEN: 'a port cannot be bound',
  ZK_DATA_DIR: 'a data directory cannot be created or written to, or another server uses it',
  ZK_DATA_MISMATCH: 'dataDir and dataLogDir do not belong together, or their files are elsewhere',
  ZK_DISK: 'a file operation failed: the server stops rather than lose an acknowledged write',
  ZK_LOG_CORRUPT: 'a transaction log is damaged before its end',
  ZK_LOG_GAP: 'transactions are missing between the snapshot and a log, or between two logs',
  ZK_SNAPSHOT_CORRUPT: 'no snapshot of the data directory can be read',
  ZK_SNAPSHOT_MISSING: 'there are transaction logs but no snapshot from which they start',
  ZK_EPOCH_FILE: 'currentEpoch or acceptedEpoch is damaged or contradicts the log',
  ZK_VOTERS_CHANGED:
    'the ensemble was reconfigured to voters that zoo.cfg does not name, and reconfigEnabled is false',
  ZK_LINK_MAP: 'the link map file is not a map of addresses',
  ZK_INJECTED_FAULTS:
    'the file of --inject-faults cannot be read, or asks for something that this server cannot do',
  ZK_TLS_PEER:
    'a peer on a port between members is not accepted, or does not accept this server; others are not affected',
  ZK_SASL_PEER:
    'a peer on a port between members does not authenticate, or does not accept this server; others are not affected',
  ZK_GUARD:
    'a four-letter word, command, metric or timer that only reports has failed; the server goes on without it',
  ZK_INVARIANT: 'the server found itself in a state that must not exist: a bug',
} as const;
export type ErrorCodeName = keyof typeof errorCatalogue;

export class ServerError extends Error {
  readonly code: ErrorCodeName;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCodeName,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ServerError';
    this.code = code;
    this.details = details;
  }
}

/**
 * For states that the code rules out: a wrong step is worse than a stop. On the path of every transaction,
 * making the message costs more than the check, so write `if (wrong) invariant(false, ...)` there.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ServerError('ZK_INVARIANT', message);
}
