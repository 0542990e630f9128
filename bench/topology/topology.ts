/** What an ensemble consists of, before it has ports and folders: checked, with every default filled in. */
import { z } from 'zod';
import { canonicalKey, nearestKey, useOf } from '../../server/config/key-names.ts';
import { checked } from '../checked.ts';
import {
  BANDWIDTH_ACCEPTED,
  bitsPerSecond,
  DELAY_ACCEPTED,
  delayMs,
  type LinkLimits,
} from '../hosts/network/link-limits.ts';
import { includeKey } from '../included-yaml.ts';
import { type KeyPath, Origin } from '../origin.ts';
import { UsageError } from '../usage-error.ts';
import {
  type Implementation,
  implementationName,
  NAMES_ACCEPTED,
  namedImplementation,
} from './implementation.ts';

const MEMBER_ROLES = ['participant', 'observer'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/** zoo.cfg keys and their values. */
export type Settings = Readonly<Record<string, string>>;

export interface TopologyMember extends LinkLimits {
  readonly name: string;
  readonly sid: number;
  readonly role: MemberRole;
  /** Data centre. Faults can select the members of one together. */
  readonly dc: string | undefined;
  readonly settings: Settings;
  readonly implementation: Implementation;
  /** CPU that it may use, in cores; undefined: as much as it gets. */
  readonly budget: number | undefined;
  /** How many observers share its process; undefined: it has one of its own. */
  readonly packed: number | undefined;
}

export interface Topology {
  readonly name: string;
  /** In the form that a person would write: `voters=3 observers=3 masters=on`. */
  readonly shortForm: string;
  /** Followers serve observers on observerMasterPort, and observers connect to nobody else. */
  readonly observerMasters: boolean;
  readonly members: readonly TopologyMember[];
}

/** In Apache ZooKeeper, myid is a byte. */
const SID_MAX = 255;
/** The members of one ensemble have different sids. */
const MEMBERS_MAX = SID_MAX;

const BUDGET_MIN_CORES = 0.01;
const BUDGET_ACCEPTED = `cores, at least ${BUDGET_MIN_CORES}, such as 0.15`;

/** Whether each member needs a network of its own. Then its links have no proxies. */
export function hasLimitedLinks({ members }: Pick<Topology, 'members'>): boolean {
  return members.some(({ bandwidth, delay }) => bandwidth !== undefined || delay !== undefined);
}

/**
 * The lab sets these keys itself. A setting with the same name would give another ensemble than the planned
 * one.
 */
const LAB_KEYS = new Set([
  'dataDir',
  'dataLogDir',
  'clientPort',
  'clientPortAddress',
  'observerMasterPort',
  'peerType',
  'dynamicConfigFile',
  'admin.serverPort',
  'admin.serverAddress',
]);

const MASTERS = ['on', 'off', 'ready'] as const;
const masters = z.union([z.boolean().transform(isOn => (isOn ? 'on' : 'off')), z.enum(MASTERS)], {
  error: MASTERS.join(', '),
});
const implementation = z.union([namedImplementation, z.strictObject({ command: z.string() })], {
  error: `${NAMES_ACCEPTED}, {command: "... {cfg} ..."}`,
});
const setting = z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number, true or false' });
// A line break or an escape would create other lines of zoo.cfg.
const oneLine = z.string().regex(/^[^\\\p{Cc}]*$/u, { error: 'one line without backslashes' });
const settings = z.record(z.string(), setting.transform(String).pipe(oneLine));
const whole = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

const budget = z.number({ error: BUDGET_ACCEPTED }).min(BUDGET_MIN_CORES, { error: BUDGET_ACCEPTED });
const bandwidth = z
  .string({ error: BANDWIDTH_ACCEPTED })
  .refine(text => bitsPerSecond(text) !== undefined, { error: BANDWIDTH_ACCEPTED });
const delay = z
  .string({ error: DELAY_ACCEPTED })
  .refine(text => delayMs(text) !== undefined, { error: DELAY_ACCEPTED });
/** What a member may be limited to, for all or for one. */
const limits = { budget: budget.optional(), bandwidth: bandwidth.optional(), delay: delay.optional() };

const packed = whole(2, MEMBERS_MAX);

const memberShape = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, { error: 'letters, digits, - and _' })
    .optional(),
  sid: whole(1, SID_MAX).optional(),
  role: z.enum(MEMBER_ROLES, { error: MEMBER_ROLES.join(', ') }).optional(),
  dc: z.string().min(1).optional(),
  settings: settings.optional(),
  implementation: implementation.optional(),
  packed: packed.optional(),
  ...limits,
});

/** The form of a topology file. */
export const topologySchema = z.strictObject({
  include: includeKey,
  name: z.string().min(1).optional(),
  voters: whole(0, MEMBERS_MAX).optional(),
  observers: whole(0, MEMBERS_MAX).optional(),
  /** `ready`: observerMasterPort is set, although no member observes yet. */
  masters: masters.optional(),
  implementation: implementation.optional(),
  settings: settings.optional(),
  /** So many observers in each process, instead of one. */
  packed: packed.optional(),
  ...limits,
  members: z.array(memberShape).optional(),
});

export type TopologyInput = z.input<typeof topologySchema>;
type Checked = z.infer<typeof topologySchema>;

/** Why a topology is refused, and the key that is to be mended. */
type Refuse = (why: string, path?: KeyPath) => UsageError;

/**
 * @param origin names the source in errors: the file, or the typed text
 * @throws UsageError naming the line, the key, its value and what is accepted
 */
export function topologyOf(input: unknown, origin: Origin | string): Topology {
  const data = checked(topologySchema, input, origin);
  const refuse: Refuse = (why, path) => new UsageError(`${Origin.of(origin).place(path)}: ${why}`);
  if (data.members !== undefined && (data.voters !== undefined || data.observers !== undefined))
    throw refuse(
      'members, and voters or observers, are both given; accepted is either the list or the counts',
      ['members'],
    );
  const members = nameMembers(data, refuse);
  checkMembers(members, refuse);
  const { masters = 'off' } = data;
  const observers = members.filter(({ role }) => role === 'observer').length;
  if (masters === 'on' && observers === 0)
    throw refuse(
      'masters=on, but there are no observers; observer masters need at least one observer. masters=ready sets observerMasterPort without one',
      ['masters'],
    );
  if (masters === 'ready' && observers > 0)
    throw refuse(`masters=ready, but there are observers (${observers}); accepted with them are on, off`, [
      'masters',
    ]);
  checkPacked(members, data, refuse);
  const observerMasters = masters !== 'off';
  const topology = { observerMasters, members };
  const shortForm = shortFormOf(topology);
  return { name: data.name ?? shortForm, shortForm, ...topology };
}

function nameMembers(data: Checked, refuse: Refuse): TopologyMember[] {
  const listed =
    data.members ??
    [
      ...Array.from({ length: data.voters ?? 0 }, () => ({ role: 'participant' as const })),
      ...Array.from({ length: data.observers ?? 0 }, () => ({ role: 'observer' as const })),
    ].map(member => member as NonNullable<Checked['members']>[number]);
  const counts = { participant: 0, observer: 0 };
  const shared = checkSettings(data.settings ?? {}, 'settings', [], refuse);
  return listed.map((member, index) => {
    const at = ['members', index];
    const role = member.role ?? 'participant';
    counts[role] += 1;
    const name = member.name ?? `${role === 'participant' ? 'v' : 'o'}${counts[role]}`;
    const own = checkSettings(member.settings ?? {}, `settings of ${name}`, at, refuse);
    return {
      name,
      sid: member.sid ?? index + 1,
      role,
      dc: member.dc,
      settings: { ...shared, ...own },
      implementation: checkCommand(member.implementation ?? data.implementation ?? 'zklab', name, at, refuse),
      budget: member.budget ?? data.budget,
      packed: member.packed ?? (role === 'observer' ? data.packed : undefined),
      bandwidth: member.bandwidth ?? data.bandwidth,
      delay: member.delay ?? data.delay,
    };
  });
}

/**
 * Settings that stand outside a topology, as those of a suite.
 * @param origin of what has them under `settings`
 * @throws UsageError naming the key, its value and what is accepted
 */
export function checkedSettings(given: z.input<typeof settings>, origin: Origin): Settings {
  const refuse: Refuse = (why, path) => new UsageError(`${origin.place(path)}: ${why}`);
  const texts = checked(settings, given, origin.within('settings'));
  return checkSettings(texts, origin.key(['settings']), [], refuse);
}

/** Normalises the spelling of each key, so that a member's own value replaces the shared one. */
function checkSettings(given: Settings, where: string, path: KeyPath, refuse: Refuse): Settings {
  return Object.fromEntries(
    Object.entries(given).map(([spelled, value]) => {
      const key = canonicalKey(spelled);
      const what = `${where}: ${spelled}=${value}`;
      const at = [...path, 'settings', spelled];
      if (LAB_KEYS.has(key)) throw refuse(`${what}: the lab sets ${key} itself, so leave it out`, at);
      const use = useOf(key);
      if (use === 'membership')
        throw refuse(`${what}: the lab makes server lines from the members, so leave it out`, at);
      if (use === 'unknown') {
        const nearest = nearestKey(key);
        const hint = nearest === undefined ? 'a key of zoo.cfg is accepted' : `did you mean ${nearest}?`;
        throw refuse(`${what}: no such key; ${hint}`, at);
      }
      return [key, value];
    }),
  );
}

function checkCommand(
  implementation: Implementation,
  name: string,
  path: KeyPath,
  refuse: Refuse,
): Implementation {
  if (typeof implementation === 'object' && !implementation.command.includes('{cfg}'))
    throw refuse(
      `implementation of ${name}: command "${implementation.command}": it must contain {cfg}, the path of zoo.cfg`,
      [...path, 'implementation'],
    );
  return implementation;
}

function checkMembers(members: readonly TopologyMember[], refuse: Refuse): void {
  if (members.length > MEMBERS_MAX)
    throw refuse(`${members.length} members; at most ${MEMBERS_MAX} are accepted`);
  if (!members.some(({ role }) => role === 'participant'))
    throw refuse('there is no voter; at least one participant is needed to elect a leader');
  const names = new Map<string, number>();
  const sids = new Map<number, string>();
  for (const [index, { name, sid }] of members.entries()) {
    const at = ['members', index];
    if (name === 'client')
      throw refuse(
        'a member is named client; this name stands for the clients of the lab, so another one is needed',
        at,
      );
    if (names.has(name)) throw refuse(`two members are named ${name}; names must be unique`, at);
    const other = sids.get(sid);
    if (other !== undefined)
      throw refuse(`${other} and ${name} both have sid ${sid}; sids must be unique`, at);
    names.set(name, sid);
    sids.set(sid, name);
  }
}

/** What a process has alone cannot be given to one of several members in it. */
function checkPacked(members: readonly TopologyMember[], { packed }: Checked, refuse: Refuse): void {
  if (packed !== undefined && !members.some(({ role }) => role === 'observer'))
    throw refuse(`packed=${packed}, but there are no observers`, ['packed']);
  const alone = members.find(
    ({ packed, role, implementation, ...has }) =>
      packed !== undefined &&
      (role !== 'observer' || implementation !== 'zklab' || LIMITS.some(limit => has[limit] !== undefined)),
  );
  if (alone !== undefined)
    throw refuse(
      `packed=${alone.packed}: ${alone.name} needs a process of its own; accepted are observers of zklab without budget, bandwidth and delay`,
      ['packed'],
    );
}

function shortFormOf({ members, observerMasters }: Pick<Topology, 'members' | 'observerMasters'>): string {
  const voters = members.filter(({ role }) => role === 'participant').length;
  const kinds = [...new Set(members.map(({ implementation }) => implementationName(implementation)))];
  return [
    `voters=${voters}`,
    ...(members.length > voters ? [`observers=${members.length - voters}`] : []),
    ...(observerMasters ? [`masters=${mastersWord({ members, observerMasters })}`] : []),
    ...new Set(members.flatMap(({ packed }) => (packed === undefined ? [] : [`packed=${packed}`]))),
    ...(kinds.length === 1 && kinds[0] === 'zklab' ? [] : [`server=${kinds.join('+')}`]),
    ...LIMITS.flatMap(key => sharedText(key, members)),
  ].join(' ');
}

/** The value of `masters` from which this topology came. */
export function mastersWord({
  members,
  observerMasters,
}: Pick<Topology, 'members' | 'observerMasters'>): (typeof MASTERS)[number] {
  if (!observerMasters) return 'off';
  return members.some(({ role }) => role === 'observer') ? 'on' : 'ready';
}

const LIMITS = ['budget', 'bandwidth', 'delay'] as const;

/** A limit that all members have alike; one that only some have does not fit into the short form. */
function sharedText(key: (typeof LIMITS)[number], members: readonly TopologyMember[]): string[] {
  const values = [...new Set(members.map(member => member[key]))];
  return values.length === 1 && values[0] !== undefined ? [`${key}=${values[0]}`] : [];
}
