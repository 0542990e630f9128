import type { Connection, ListenEvents, Runtime } from '../../server/runtime/runtime.ts';
import { ZkDatabase } from '../../server/storage/zk-database.ts';
import type { MemberContext, MemberProgram } from '../simulation/members/member.ts';
import { serverProgram } from '../simulation/members/server-program.ts';

/** A member, as a planted bug sees it. */
interface Victim {
  readonly context: MemberContext;
  readonly connections: ReadonlySet<Connection>;
  /** Until this time, in ms of its clock, the member ignores what it receives. */
  deafUntilMs: number;
}

/** Bugs that the fuzzer must find. Each acts on a chunk that a member receives on one of its ports. */
export const PLANTS = {
  'an exception ends the member': chunk => {
    if (chunk.includes('%s%n')) throw new Error('planted');
  },
  'a stranger ends all connections': (chunk, { connections }) => {
    if (chunk.includes('/f//g')) for (const connection of connections) connection.destroy('planted');
  },
  'bytes from the wire reach the log as they came': (chunk, { context }) => {
    if (chunk.includes('\u001b')) context.logger.warn(`what is this: ${chunk.toString('latin1')}`);
  },
  'an input keeps everybody waiting': (chunk, victim) => {
    if (chunk.includes('/f/../g')) victim.deafUntilMs = victim.context.runtime.clock.monotonicMs() + 40;
  },
} as const satisfies Record<string, (chunk: Buffer, victim: Victim) => void>;

export type Plant = keyof typeof PLANTS;

/** The server with one of these bugs on all its ports. */
export function plantedProgram(plant: Plant): MemberProgram {
  const program = serverProgram();
  return {
    ...program,
    start: context => program.start({ ...context, runtime: withPlant(PLANTS[plant], context) }),
  };
}

function withPlant(plant: (typeof PLANTS)[Plant], context: MemberContext): Runtime {
  const { runtime } = context;
  const { network, clock } = runtime;
  const connections = new Set<Connection>();
  const victim: Victim = { context, connections, deafUntilMs: 0 };
  const onConnection = (connection: Connection, events: ListenEvents): void => {
    connections.add(connection);
    const start = connection.start.bind(connection);
    connection.start = inner =>
      start({
        ...inner,
        onData(chunk) {
          plant(chunk, victim);
          const waitMs = victim.deafUntilMs - clock.monotonicMs();
          if (waitMs > 0) clock.after(waitMs, () => inner.onData(chunk));
          else inner.onData(chunk);
        },
        onDrain: () => inner.onDrain?.(),
        onClose(reason) {
          connections.delete(connection);
          inner.onClose(reason);
        },
      });
    events.onConnection(connection);
  };
  return {
    ...runtime,
    network: {
      listen: (address, events, options) =>
        network.listen(
          address,
          {
            onListening: port => events.onListening(port),
            onError: error => events.onError(error),
            onConnection: connection => onConnection(connection, events),
          },
          options,
        ),
      connect: (...dialled) => network.connect(...dialled),
      addressesOf: (...asked) => network.addressesOf(...asked),
      problemWith: security => network.problemWith(security),
    },
  };
}

const LOGGED_MAX = 20;

/** While `body` runs, members log only their first transactions; a power loss then loses the rest. */
export function withForgetfulLog<T>(body: () => T): T {
  const { append } = ZkDatabase.prototype;
  const logged = new WeakMap<ZkDatabase, number>();
  ZkDatabase.prototype.append = function (packet) {
    const count = (logged.get(this) ?? 0) + 1;
    logged.set(this, count);
    if (count <= LOGGED_MAX) append.call(this, packet);
  };
  try {
    return body();
  } finally {
    ZkDatabase.prototype.append = append;
  }
}
