import { z } from 'zod';
import { CONFIG_PATH, versionOf } from '../checkers/configuration-text.ts';
import { ask, askAll, pause, type Recipe } from './recipe.ts';
import { drawReconfig, isHome, linesOf, reconfigHome, type ServerLines } from './reconfiguration-draw.ts';
import { registerPaths, registerShape } from './register-options.ts';
import { useRegister } from './register-recipe.ts';
import { type Actor, recipeShape, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const schema = z.strictObject({
  ...recipeShape,
  clients: recipeShape.clients.default(6),
  changers: z.int().min(1).max(100).default(2).describe('Clients that change the members.'),
  prefix: registerShape.prefix,
  registers: registerShape.registers.default(6),
});

type Options = z.infer<typeof schema>;

/** Between two changes: shortest and longest. */
const CHANGE_PAUSE_MS = [50, 400] as const;
/** With the members that it began with, for faults that wait until the ensemble is whole. */
const HOME_PAUSE_MS = [200, 1_200] as const;
/** For the event of a change that may be refused. */
const EVENT_MAX_MS = 500;
const WRONG_VERSIONS_MAX = 20;
/** Under which chapters hand on the configuration that the first of them began with. */
const HOME = 'home';

/**
 * Some clients let members leave, come back and change roles, beside others that read and watch the
 * configuration, and write registers meanwhile.
 */
export const reconfigurations: Workload<Options> = {
  name: 'reconfigurations',
  description: 'members leave, return and change roles; others watch the configuration and use registers',
  schema,
  judgedBy: [
    'configurations',
    'leaders',
    'watches',
    'model agreement',
    'acknowledged writes',
    'linearizability',
    'session order',
    'write order',
  ],
  onRealServersOnly: true,
  memberSettings: { reconfigEnabled: 'true', skipACL: 'yes' },
  setup: registerPaths,
  registers: registerPaths,
  start(world, options) {
    const paths = registerPaths(options);
    const change = new Change(world.kept ?? new Map(), Math.min(options.changers, options.clients));
    const running = startRecipes(world, options, actor =>
      actor.process <= options.changers ? () => change.turn(actor) : number => look(actor, paths, number),
    );
    return { ...running, restoration: change };
  },
};

/** What the clients that change the configuration know together. */
class Change {
  readonly #kept: Map<string, string>;
  readonly #wrongVersions: number[] = [];
  /** Clients that have found the members as they were, and change nothing any more. */
  readonly #settled = new Set<number>();
  readonly #changers: number;
  #isRestoring = false;

  constructor(kept: Map<string, string>, changers: number) {
    this.#kept = kept;
    this.#changers = changers;
  }

  begin(): void {
    this.#isRestoring = true;
  }

  get isDone(): boolean {
    return this.#settled.size === this.#changers;
  }

  *turn({ process, random }: Actor): Recipe {
    const [, read] = yield* askAll([
      { f: 'sync', path: CONFIG_PATH },
      { f: 'getData', path: CONFIG_PATH, watch: random.chance(0.5) },
    ]);
    const present = read?.completion.value ?? '';
    const version = versionOf(present);
    if (version === 0) return;
    const home = this.#homeOr(present);
    const isAtHome = isHome(present, home);
    if (this.#isRestoring && isAtHome) {
      this.#settled.add(process);
      return;
    }
    if (isAtHome) yield* pause(random.between(...HOME_PAUSE_MS));
    // It may have been told to meanwhile.
    const asked = this.#isRestoring
      ? reconfigHome({ present, home })
      : drawReconfig(random, { present, home, wrongVersions: this.#wrongVersions });
    const { type } = yield* ask({ f: 'reconfig', path: CONFIG_PATH, asked });
    this.#remember(version);
    if (type === 'ok')
      yield* askAll([
        { f: 'sync', path: CONFIG_PATH },
        { f: 'getData', path: CONFIG_PATH },
      ]);
    yield* pause(random.between(...CHANGE_PAUSE_MS));
  }

  /** The first one that anybody reads: nobody has changed it yet. */
  #homeOr(present: string): ServerLines {
    const home = this.#kept.get(HOME) ?? present;
    this.#kept.set(HOME, home);
    return linesOf(home);
  }

  /** Wrong as conditions from the next version on; and the zxid behind a version never is one so early. */
  #remember(version: number): void {
    if (this.#wrongVersions.includes(version)) return;
    this.#wrongVersions.push(version, version + 1);
    if (this.#wrongVersions.length > WRONG_VERSIONS_MAX) this.#wrongVersions.splice(0, 2);
  }
}

/** Reads the configuration, with a watch or behind a sync, or uses a register. */
function* look({ process, client, random }: Actor, paths: readonly string[], number: number): Recipe {
  const drawn = random.below(10);
  if (drawn < 2) {
    yield* ask({ f: 'getData', path: CONFIG_PATH, watch: true });
    if (random.chance(0.5)) return;
    yield { eventOf: CONFIG_PATH, atMostMs: EVENT_MAX_MS };
    yield* ask({ f: 'getData', path: CONFIG_PATH });
  } else if (drawn < 4)
    yield* askAll([
      { f: 'sync', path: CONFIG_PATH },
      { f: 'getData', path: CONFIG_PATH },
    ]);
  else yield* useRegister({ process, random, paths, number });
  if (random.chance(0.01)) client.move();
}
