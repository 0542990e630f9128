import { z } from 'zod';
import { formatAddress } from '../../bench/hosts/ports.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { LOCKS } from '../checkers/mutual-exclusion.ts';
import { CLIENT_KINDS, CLIENT_NAMES, type ClientKind } from '../real-clients/client-kinds.ts';
import { ApplicationClient } from './clients/application-client.ts';
import type { Request } from './clients/recording-client.ts';
import { guardedWrite, lockSetup } from './lock-recipe.ts';
import { ask, askAll, pause, type Recipe, RecipeLoad } from './recipe.ts';
import { registerPaths } from './register-options.ts';
import { useRegister } from './register-recipe.ts';
import { recipeShape } from './start-recipes.ts';
import type { RunningWorkload, Workload, WorkloadWorld } from './workload.ts';

const DOES = ['registers', 'ephemerals', 'locks'] as const;

const schema = z.strictObject({
  ...recipeShape,
  /** Two of each kind, so that they wait for each other’s locks. */
  clients: recipeShape.clients.default(8),
  client: z
    .enum([...CLIENT_NAMES, 'each'])
    .default('each')
    .describe('Which clients, or each in turn.'),
  does: z
    .array(z.enum(DOES))
    .min(1)
    .readonly()
    .default(DOES)
    .describe('What the clients do, in turns that are drawn from the seed.'),
  registers: z.int().min(1).max(1_000).default(6),
});

type RealClientOptions = z.infer<typeof schema>;

const PREFIX = '/applications';
const EPHEMERALS = `${PREFIX}-ephemerals`;
const EPHEMERAL = 1;
const EPHEMERAL_SEQUENTIAL = 3;

/** A lock for each kind, because the recipes of different clients do not know each other. */
const lockOf = (kind: ClientKind) => `of-${kind.name}`;

const wanted = ({ client }: RealClientOptions) =>
  CLIENT_KINDS.filter(({ name }) => client === 'each' || client === name);
const present = (options: RealClientOptions) => wanted(options).filter(kind => kind.missing() === undefined);
const absent = (options: RealClientOptions) =>
  present(options).length > 0
    ? undefined
    : wanted(options)
        .map(kind => `${kind.name}: ${kind.missing()}`)
        .join('; ');
const pathsOf = ({ registers }: RealClientOptions) =>
  registerPaths({ prefix: `${PREFIX}-register`, registers });

/** Clients that applications use, as child processes with the whole connect string. */
export const realClients: Workload<RealClientOptions> = {
  name: 'real-clients',
  description: 'registers, ephemerals and locks through the clients of applications: Java, C, kazoo, Curator',
  schema,
  draw: random => ({ clients: random.pick([4, 8]), thinkMs: [1, random.pick([8, 40])] }),
  onRealServersOnly: true,
  judgedBy: ['real clients', 'acknowledged writes', 'session order', 'write order', 'linearizability'],
  setup: options => [
    ...pathsOf(options),
    EPHEMERALS,
    ...new Set(CLIENT_KINDS.filter(({ hasLocks }) => hasLocks).flatMap(kind => lockSetup(lockOf(kind)))),
  ],
  registers: pathsOf,
  absent,
  async prepare(options) {
    const why = absent(options);
    if (why !== undefined) throw new UsageError(why);
    for (const kind of present(options)) await kind.prepare();
  },
  start(world, options) {
    const kinds = present(options);
    const absent = wanted(options).filter(kind => !kinds.includes(kind));
    const skipped = absent.map(kind => `the client ${kind.name} is left out: ${kind.missing()}`);
    return { ...startApplications(world, options, kinds), skipped };
  },
};

/** @param kinds taken in turn */
export function startApplications(
  { processes, recorder, random, clock }: WorkloadWorld,
  options: RealClientOptions,
  kinds: readonly ClientKind[],
): RunningWorkload {
  if (processes === undefined) throw new Error('clients of applications need real servers');
  const { servers, root, sessionTimeoutMs, onLost } = processes;
  const connectString = `${servers.map(formatAddress).join(',')}${root}`;
  const started = Array.from({ length: options.clients }, (_, at) => {
    const process = at + 1;
    const kind = kinds[at % kinds.length] as ClientKind;
    const own = random.fork(`load ${process}`);
    const client = new ApplicationClient({
      ...{ process, kind, connectString, sessionTimeoutMs, recorder, onLost },
    });
    const recipe = turns({ process, kind, random: own }, options);
    const { thinkMs } = options;
    const load = new RecipeLoad({ client, clock: clock(`load${process}`), random: own, recipe, thinkMs });
    return { client, load };
  });
  return {
    clients: started.map(({ client }) => client),
    applications: () => started.map(({ client }) => client.record),
    stop: () => {
      for (const { load } of started) load.stop();
    },
    end: async () => void (await Promise.all(started.map(({ client }) => client.end()))),
  };
}

interface Application {
  readonly process: number;
  readonly kind: ClientKind;
  readonly random: SeededRandom;
}

type Use = (application: Application, options: RealClientOptions, turn: number) => Recipe;

const USES: Readonly<Record<(typeof DOES)[number], Use>> = {
  registers: useRegisters,
  ephemerals: useEphemeral,
  locks: useLock,
};

function turns(application: Application, options: RealClientOptions): (turn: number) => Recipe {
  const possible = options.does.filter(what => what !== 'locks' || application.kind.hasLocks);
  // A client without locks that is to use nothing else writes registers.
  const uses = possible.length === 0 ? [useRegisters] : possible.map(what => USES[what]);
  return turn => application.random.pick(uses)(application, options, turn);
}

function* useRegisters({ process, random }: Application, options: RealClientOptions, number: number): Recipe {
  yield* useRegister({ process, random, paths: pathsOf(options), number });
}

function* useEphemeral({ process, random }: Application, options: RealClientOptions, turn: number): Recipe {
  const path = `${EPHEMERALS}/p${process}-${turn}`;
  yield* ask({ f: 'create', path, value: '', flags: EPHEMERAL });
  const other = `${EPHEMERALS}/p${random.below(options.clients) + 1}-${turn}`;
  // The write shows that the session lived on behind what was read.
  yield* askAll([
    { f: 'exists', path: random.pick([path, other]) },
    { f: 'setData', path: EPHEMERALS, value: path },
  ]);
  if (random.chance(0.8)) yield* ask({ f: 'delete', path });
}

/** By the recipe of the client; the fence is the znode that holds the lock. */
function* useLock({ process, kind, random }: Application, _: RealClientOptions, turn: number): Recipe {
  const root = `${LOCKS}/${lockOf(kind)}`;
  const byRecipe = { byRecipe: true as const };
  const request: Request = {
    f: 'create',
    path: `${root}/`,
    value: '',
    flags: EPHEMERAL_SEQUENTIAL,
    ...byRecipe,
  };
  const { completion } = yield* ask(request);
  const holder = completion.created;
  if (holder === undefined) return;
  for (let at = 0; at <= random.below(3); at++) {
    yield* pause(random.between(0.5, 5));
    if (!(yield* guardedWrite(lockOf(kind), holder, `p${process}-${turn}-${at}`))) break;
  }
  yield* ask({ f: 'getChildren', path: root });
  yield* ask({ f: 'delete', path: holder, ...byRecipe });
}
