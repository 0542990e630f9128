import type { ServerEvent } from '../../server/metrics/server-events.ts';
import type { Cut, LinkQuality } from '../../server/runtime/virtual/memory-link.ts';
import { MemoryNetwork } from '../../server/runtime/virtual/memory-network.ts';
import type { Crash } from '../../server/runtime/virtual/memory-runtime.ts';
import { VirtualClock } from '../../server/runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../../server/runtime/virtual/virtual-time.ts';
import { membersOf } from '../checkers/configuration-text.ts';
import type { DiskSickness } from './disks/disk-troubles.ts';
import { FailureDetector } from './failure-detector.ts';
import { ConfigWatch } from './invariants/config-watch.ts';
import { Journal } from './invariants/journal.ts';
import { QuorumWatch } from './invariants/quorum-watch.ts';
import { ReadOnlyWatch } from './invariants/read-only-watch.ts';
import { Marks } from './marks.ts';
import { type InstalledMember, installMember, turnMsOf } from './members/installed-member.ts';
import { type MemberSpec, type MemberState, traceLogger } from './members/member.ts';
import { MemberAddresses } from './members/member-addresses.ts';
import { Moments } from './moments.ts';
import { PLAIN_SHAPE, rulesOfShape } from './shape.ts';
import { type Said, Trace } from './trace.ts';
import type { WorldOptions } from './world-options.ts';

/** Pause of a supervisor before it restarts a dead member. */
const CRASH_LOOP_REBOOT_MS = 50;
/** An oracle notices the death of a voter within this time. */
const NOTICE_MS_MAX = 800;
/** A member must have stopped within this time, or it has ignored the failure of its disk. */
const DISK_FAILURE_NOTICED_MS = 200;

/**
 * A whole ensemble in one process and in virtual time: machines, the network between them, and operations
 * that break them. Every such operation leaves a line in the trace. Members and faults are addressed by sid.
 */
export class World {
  readonly time = new VirtualTime();
  readonly trace = new Trace();
  readonly marks = new Marks();
  readonly moments = new Moments();
  readonly readOnly: ReadOnlyWatch;
  readonly journal = new Journal(() => this.time.nowMs);
  readonly quorums: QuorumWatch;
  readonly configs: ConfigWatch;
  readonly network: MemoryNetwork;
  readonly specs: readonly MemberSpec[];
  /** Members whose code threw. Each is a finding, whatever the checkers say. */
  readonly failures: string[] = [];
  readonly #options: WorldOptions;
  readonly #members = new Map<number, InstalledMember>();
  readonly #detector: FailureDetector | undefined;
  readonly #addresses: MemberAddresses;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.specs = options.members;
    this.#addresses = new MemberAddresses(options.members);
    const nowMs = () => this.time.nowMs;
    this.readOnly = new ReadOnlyWatch(nowMs, this.marks, options.readOnlyObservers ?? []);
    const { random, uplinkBytesPerMs } = options;
    this.network = new MemoryNetwork(this.time, {
      random: random.fork('network'),
      link: options.link ?? {},
      ...(uplinkBytesPerMs === undefined ? {} : { uplinkBytesPerMs }),
    });
    const first = options.members.filter(({ isSpare = false }) => !isSpare);
    const voters = first.filter(({ role }) => role === 'participant').map(({ sid }) => sid);
    this.configs = new ConfigWatch(what => this.failures.push(what));
    this.#detector = options.shape?.oracle === true ? this.#newDetector(voters) : undefined;
    this.quorums = new QuorumWatch({
      rules: { ...rulesOfShape(options.shape ?? PLAIN_SHAPE), voters },
      nameOf: sid => this.#name(sid),
      authorises: sid => this.#detector?.authorises(sid) === true,
      onProposed: () => this.moments.reach('reconfig proposed'),
      onViolation: what => {
        if (options.watchQuorums !== false) this.failures.push(what);
      },
    });
    for (const spec of options.members) {
      this.#members.set(spec.sid, installMember(spec, options, this));
      for (const address of spec.further ?? []) this.network.addAddress(spec.name, address);
    }
  }

  #newDetector(voters: readonly number[]): FailureDetector {
    const random = this.#options.random.fork('oracle');
    return new FailureDetector({
      voters,
      nowMs: () => this.time.nowMs,
      noticeMs: random.between(0, NOTICE_MS_MAX),
      keeps: random.chance(0.5),
      isCurrent: sid => this.quorums.durableOn(sid) >= this.quorums.lastCommitted,
    });
  }

  /** Sids by group of the hierarchical quorum; none where a majority decides. */
  get groups(): readonly (readonly number[])[] {
    return this.#options.shape?.groups ?? [];
  }

  get sids(): number[] {
    return [...this.#members.keys()];
  }

  /** A clock and a place in the network for something that is not a member, such as a client. */
  visitor(name: string): { clock: VirtualClock; network: ReturnType<MemoryNetwork['host']> } {
    const clock = new VirtualClock(this.time, { onFailure: error => this.#report(name, error) });
    return { clock, network: this.network.host(name, clock) };
  }

  note(who: string, what: Said): void {
    this.trace.add(this.time.nowMs, who, what);
  }

  isUp(sid: number): boolean {
    return this.#member(sid).running !== undefined;
  }

  /** Undefined while the member is down. */
  state(sid: number): MemberState | undefined {
    return this.#member(sid).running?.state();
  }

  leader(): number | undefined {
    return this.sids.find(sid => this.state(sid)?.mode === 'leader');
  }

  start(sid: number): void {
    const member = this.#member(sid);
    const { spec, machine } = member;
    if (machine.runtime !== undefined) return;
    const { driftMax = 0, turnUnits } = this.#options;
    member.troubles.failedAtMs = undefined;
    const runtime = machine.boot({
      rate: driftMax === 0 ? 1 : 1 + member.random.between(-driftMax, driftMax),
      turnMs: turnMsOf(member, this.#options),
      outputAfterTurn: this.#options.chargeMs !== undefined,
      onFailure: error => onFatal(error),
    });
    const onFatal = (error: unknown) => {
      // Ignores errors of a process whose own crash aborts its current turn.
      if (machine.runtime === runtime) this.#failed(member, error);
    };
    this.note(spec.name, `starts, boot ${machine.boots}`);
    this.#detector?.onUp(sid);
    this.readOnly.onWell(spec.name);
    const hears = this.readOnly.reads(spec.name);
    const logger = traceLogger(line => this.#logged(spec, line), this.#options.debug);
    runtime.clock.after(0, () => {
      const running = this.#options.program.start({
        runtime,
        spec,
        members: member.listed,
        isPrepared: member.isPrepared,
        logger,
        onEvent: event => this.#happened(spec, event),
        journal: this.journal,
        quorums: this.quorums,
        configs: this.configs,
        ...(this.#detector === undefined ? {} : { authorises: () => this.#authorises(sid) }),
        settings: this.#options.settings ?? {},
        ...(turnUnits === undefined ? {} : { turnUnits }),
        ...(hears ? { onMasterPacket: () => this.readOnly.onMasterPacket(spec.name) } : {}),
        onFatal,
      });
      member.isPrepared = false;
      if (machine.runtime === runtime) member.running = running;
    });
  }

  /** Crashes now, and at the given disk operation of each later boot. */
  crashLoop(sid: number, how: Crash, operations: readonly number[]): void {
    const member = this.#member(sid);
    member.crashLoop = { how, left: [...operations] };
    this.#crashInLoop(member);
  }

  endCrashLoop(sid: number): void {
    const member = this.#member(sid);
    member.crashLoop = undefined;
    member.troubles.disarm();
    this.start(sid);
  }

  #crashInLoop(member: InstalledMember): void {
    const { spec, crashLoop } = member;
    if (crashLoop === undefined) return;
    this.crash(spec.sid, crashLoop.how);
    this.time.schedule(this.time.nowMs + CRASH_LOOP_REBOOT_MS, null, () => {
      if (member.crashLoop !== crashLoop) return;
      const next = crashLoop.left.shift();
      if (next !== undefined) member.troubles.crashAt(next, () => this.#crashInLoop(member));
      this.start(spec.sid);
    });
  }

  sickenDisk(sid: number, how: DiskSickness, afterOperations: number): void {
    this.note(this.#name(sid), `its disk gets sick (${how}) after ${afterOperations} operations`);
    this.#member(sid).troubles.sicken(how, afterOperations, this.time);
  }

  /** The disk works again. A member that kept running after the disk failed is a finding. */
  cureDisk(sid: number): void {
    const { troubles, running, machine, spec } = this.#member(sid);
    const failedAtMs = troubles.failedAtMs;
    const isPaused = machine.runtime?.clock.paused === true;
    troubles.cure();
    if (running !== undefined && failedAtMs !== undefined && !isPaused) {
      const ms = this.time.nowMs - failedAtMs;
      if (ms > DISK_FAILURE_NOTICED_MS)
        this.failures.push(`${spec.name} went on ${ms} ms after its disk failed`);
    }
    this.start(sid);
  }

  wipe(sid: number): void {
    this.crash(sid, 'kill');
    this.note(this.#name(sid), 'its disk is wiped');
    this.#member(sid).machine.disk.wipe();
  }

  /** Whether the member votes, or may have voted since a reconfiguration was proposed. */
  isVoter(sid: number): boolean {
    return this.quorums.mayVote(sid);
  }

  /**
   * The members of the newest configuration that is in force somewhere; all, where members stay as they are.
   */
  get present(): readonly MemberSpec[] {
    const newest = this.configs.newest?.text;
    if (newest === undefined) return this.specs.filter(({ isSpare = false }) => !isSpare);
    return this.specs.filter(({ sid }) => new RegExp(`^server\\.${sid}=`, 'm').test(newest));
  }

  /** Starts the members with which the ensemble begins. */
  startAll(): void {
    for (const { sid } of this.present) this.start(sid);
  }

  /**
   * A member that was removed, was asked to join again, and died before it heard of that does not start by
   * itself, because its own file does not name it. An operator prepares it once more.
   */
  readmit(): void {
    for (const { sid } of this.present)
      if (this.state(sid)?.mode === 'removed') this.prepare(sid, membersOf(this.configs.newest?.text ?? ''));
  }

  /**
   * An operator writes the file of a member that is not one of the ensemble, or not any more, and starts it.
   * A member that runs is left alone: it follows the leader without a vote.
   */
  prepare(sid: number, listed: readonly Pick<MemberSpec, 'sid' | 'role'>[]): void {
    const member = this.#member(sid);
    if (member.running !== undefined && this.state(sid)?.mode !== 'removed') return;
    this.note(member.spec.name, 'is prepared to join');
    if (member.machine.runtime !== undefined) this.crash(sid, 'kill');
    member.listed = listed.map(each => ({ ...each, name: this.#name(each.sid) }));
    member.isPrepared = true;
    this.start(sid);
  }

  crash(sid: number, how: Crash): void {
    const member = this.#member(sid);
    this.note(member.spec.name, `crashes: ${how}`);
    member.machine.crash(how);
    this.#hasEnded(member);
  }

  pause(sid: number): void {
    const { name } = this.#member(sid).spec;
    this.note(name, 'is paused');
    this.readOnly.onTrouble(name, false);
    this.#member(sid).machine.runtime?.clock.pause();
  }

  resume(sid: number): void {
    const clock = this.#member(sid).machine.runtime?.clock;
    if (clock?.paused !== true) return;
    const { name } = this.#member(sid).spec;
    this.note(name, 'continues');
    this.readOnly.onWell(name);
    clock.resume();
  }

  /** Cuts one direction: what `from` sends does not reach `to`. Clients belong to no side. */
  cut(from: number, to: number, how: Cut): void {
    this.note('network', `cuts ${this.#name(from)} > ${this.#name(to)}: ${how}`);
    for (const link of this.#addresses.linksOf(from, to)) this.network.cut(...link, how);
  }

  heal(from: number, to: number): void {
    const links = this.#addresses.linksOf(from, to);
    if (links.every(link => this.network.link(...link).cut === null)) return;
    this.note('network', `heals ${this.#name(from)} > ${this.#name(to)}`);
    for (const link of links) this.network.heal(...link);
  }

  /**
   * Nothing more goes to or from the addresses that these members have on that network. False while an
   * address is lost already.
   */
  loseAddresses(sids: readonly number[], network: number, how: Cut): boolean {
    if (!this.#addresses.lose(sids, network)) return false;
    this.note('network', `cuts ${this.#addresses.lost.join(' ')}: ${how}`);
    for (const link of this.#addresses.lostLinks) this.network.cut(...link, how);
    return true;
  }

  /** They are there again. */
  findAddresses(): void {
    this.note('network', `heals ${this.#addresses.lost.join(' ')}`);
    for (const link of this.#addresses.lostLinks) this.network.heal(...link);
    this.#addresses.find();
  }

  /** Drops what `from` sends on its existing connections to `to`, without telling either end. */
  swallow(from: number, to: number): void {
    this.note('network', `leaves ${this.#name(from)} > ${this.#name(to)} half open`);
    for (const link of this.#addresses.linksOf(from, to)) this.network.swallow(...link);
  }

  giveUpSwallowed(from: number, to: number): void {
    this.note('network', `gives up ${this.#name(from)} > ${this.#name(to)}`);
    for (const link of this.#addresses.linksOf(from, to)) this.network.giveUpSwallowed(...link);
  }

  setLink(from: number, to: number, quality: Partial<LinkQuality>): void {
    for (const link of this.#addresses.linksOf(from, to)) this.network.setLink(...link, quality);
  }

  setSyncDelay(sid: number, delayMs: number): void {
    this.note(this.#name(sid), `a disk sync takes ${delayMs.toFixed(1)} ms`);
    this.#member(sid).machine.disk.syncDelayMs = delayMs;
  }

  isPaused(sid: number): boolean {
    return this.#member(sid).machine.runtime?.clock.paused === true;
  }

  jumpWall(sid: number, byMs: number): void {
    this.note(this.#name(sid), `its wall clock jumps by ${byMs} ms`);
    this.#member(sid).machine.runtime?.clock.jumpWall(byMs);
  }

  /** Everything works again, and every member runs. */
  healAll(): void {
    this.note('world', 'heals all faults');
    this.network.healAll();
    this.#addresses.find();
    for (const member of this.#members.values()) {
      for (const other of this.sids)
        this.setLink(member.spec.sid, other, { latencyMs: 1, lossProbability: 0 });
      member.machine.disk.syncDelayMs = 0.1;
      member.crashLoop = undefined;
      member.troubles.disarm();
      this.resume(member.spec.sid);
      if (member.troubles.isSick) this.cureDisk(member.spec.sid);
      if (member.machine.runtime === undefined) this.start(member.spec.sid);
    }
  }

  #logged({ name }: MemberSpec, line: string): void {
    this.note(name, line);
    this.#options.onLine?.(name, line);
  }

  #happened({ sid, name }: MemberSpec, event: ServerEvent): void {
    if (event.kind === 'treeDiffers') {
      const how = JSON.stringify(event.difference);
      this.failures.push(`${name}: the tree differs from the leader's: ${how}`);
    }
    if (event.kind === 'synced' && this.isVoter(sid)) this.#detector?.onSynced();
    this.marks.onEvent(event);
    if (event.kind === 'leading' && this.#addresses.hasLost)
      this.marks.reach('addresses: a leader while one is lost');
    this.readOnly.onEvent(name, event);
    this.moments.onEvent(sid, event);
  }

  #failed(member: InstalledMember, error: unknown): void {
    if (member.troubles.explains(error)) this.note(member.spec.name, `stops: ${(error as Error).message}`);
    else this.#report(member.spec.name, error);
    member.machine.crash('kill');
    this.#hasEnded(member);
  }

  #hasEnded(member: InstalledMember): void {
    member.running = undefined;
    this.readOnly.onTrouble(member.spec.name, true);
    this.#detector?.onDown(member.spec.sid);
  }

  #authorises(sid: number): boolean {
    const isAuthorised = this.#detector?.authorises(sid) === true;
    if (isAuthorised) this.marks.reach('quorum: the oracle authorised a voter');
    return isAuthorised;
  }

  #report(who: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.failures.push(`${who} threw: ${text}`);
    this.note(who, `throws: ${error instanceof Error ? error.message : String(error)}`);
  }

  #member(sid: number): InstalledMember {
    const member = this.#members.get(sid);
    if (member === undefined) throw new RangeError(`no member with sid ${sid}, there are ${this.sids}`);
    return member;
  }

  #name(sid: number): string {
    return this.#member(sid).spec.name;
  }
}
