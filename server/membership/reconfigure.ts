import { ServerError } from '../errors.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { ReconfigRequest } from '../wire/requests.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { type Configuration, configurationFromText, configurationOf } from './configuration.ts';
import { majoritySystem } from './majority-system.ts';
import { sortedMap } from './numbered-lines.ts';
import { parseQuorumServer, type QuorumServer } from './quorum-server.ts';
import { parseQuorumConfig, type QuorumConfig } from './quorum-text.ts';
import { TakenAddresses } from './taken-addresses.ts';
import { hasUnreadableNumber, hasUnreadablePort, readsAsLong } from './unreadable-numbers.ts';
import { CONFIG_TEXT_CHARS_MAX, votingRulesOf } from './voting-rules.ts';

/** Why a reconfiguration is not proposed. */
export interface ReconfigRefusal {
  /** What the client gets. */
  readonly code: number;
  /** One sentence for the log, because the client gets only the code. */
  readonly reason: string;
}

/** Keys of zoo.cfg. */
export interface ReconfigRules {
  readonly standaloneEnabled: boolean;
  readonly multiAddressEnabled: boolean;
}

/** The configurations that a reconfiguration starts from. */
export interface CurrentConfigurations {
  readonly committed: Configuration;
  readonly lastSeen: Configuration;
}

/**
 * The configuration that a reconfig at `zxid` makes of the current one. The order of the checks decides which
 * error a client sees. They do not cover who may reconfigure, nor whether a quorum of the result is there.
 *
 * @see docs/reconfiguration.md "Errors"; PrepRequestProcessor.pRequest2Txn
 */
export function reconfigure(
  { committed, lastSeen }: CurrentConfigurations,
  asked: ReconfigRequest,
  zxid: number,
  rules: ReconfigRules,
): Configuration | ReconfigRefusal {
  const { standaloneEnabled } = rules;
  const { version } = lastSeen.verifier;
  if (version !== committed.verifier.version)
    return refusal(ErrorCode.RECONFIGINPROGRESS, `version ${zxidToHex(version)} is not committed yet`);
  const { curConfigId, newMembers } = asked;
  if (curConfigId !== -1 && curConfigId !== version)
    return refusal(
      ErrorCode.BADVERSION,
      `it is for version ${curConfigId.toString(16)}, and the current version is ${version.toString(16)}`,
    );
  try {
    for (const text of [newMembers, asked.joining, asked.leaving]) checkSize(text ?? '');
    const members = newMembers === null ? changed(lastSeen, asked, rules) : bulk(newMembers, rules);
    const next = configurationOf({ ...members, version: zxid });
    const voters = next.verifier.voters.size;
    const votersMin = standaloneEnabled ? 2 : 1;
    if (voters < votersMin)
      throw unfit(
        `${voters} voters would remain, and standaloneEnabled=${standaloneEnabled} needs ${votersMin}`,
      );
    checkReadable(next);
    return next;
  } catch (error) {
    if (error instanceof Unfit) return refusal(error.code, error.message);
    if (error instanceof ServerError) return refusal(ErrorCode.BADARGUMENTS, error.message);
    throw error;
  }
}

function refusal(code: number, reason: string): ReconfigRefusal {
  return { code, reason };
}

class Unfit extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

function unfit(message: string): Unfit {
  return new Unfit(ErrorCode.BADARGUMENTS, message);
}

/** Requests for which upstream throws another kind of exception, and which it answers like broken bytes. */
function unreadable(message: string): Unfit {
  return new Unfit(ErrorCode.MARSHALLINGERROR, message);
}

/**
 * Limits on a request. Anybody with a session may send one, and the leader reads it before it checks
 * permissions; a thousand lines take tens of ms. A larger ensemble can grow by several requests.
 */
const ITEMS_MAX = 1000;

function checkSize(text: string): void {
  const items = text.split(/[,\n\r]/, ITEMS_MAX + 1).length;
  if (text.length > CONFIG_TEXT_CHARS_MAX || items > ITEMS_MAX)
    throw unfit(`it is longer than ${CONFIG_TEXT_CHARS_MAX} characters, or has more than ${ITEMS_MAX} items`);
}

type Members = Omit<QuorumConfig, 'version'>;

/** @throws Unfit, or ServerError for lines that are wrong */
function bulk(newMembers: string, rules: ReconfigRules): Members {
  const { standaloneEnabled } = rules;
  const text = newMembers.replaceAll(',', '\n');
  if (hasUnreadableNumber(text)) throw unreadable('a number in newMembers cannot be read');
  const members = parseQuorumConfig(text);
  for (const server of members.servers.values()) checkForm(server, rules);
  const roles = [...members.servers.values()].map(({ role }) => role);
  const voters = roles.filter(role => role === 'participant').length;
  const isEmpty = voters === 0 && !standaloneEnabled;
  if (isEmpty || (voters <= (standaloneEnabled ? 1 : 0) && voters < roles.length))
    throw unreadable(`newMembers has ${voters} participants and ${roles.length - voters} observers`);
  return members;
}

/** The current configuration with some servers changed. @throws Unfit, or ServerError for a wrong line */
function changed(
  current: Configuration,
  { joining, leaving }: ReconfigRequest,
  rules: ReconfigRules,
): Members {
  if (votingRulesOf(current.verifier).system !== majoritySystem)
    throw unfit(
      'servers can join and leave only a majority quorum; newMembers can name all servers and groups',
    );
  const servers = new Map(current.servers);
  for (const text of itemsOf(leaving)) servers.delete(numberOf(text, text));
  const taken = new TakenAddresses(servers.values());
  for (const text of itemsOf(joining)) {
    const server = joiningServer(text, rules);
    const conflict = taken.conflictOf(server);
    if (conflict !== null) throw unfit(conflict);
    const former = servers.get(server.sid);
    if (former !== undefined) taken.remove(former);
    taken.add(server);
    servers.set(server.sid, server);
  }
  return { servers: sortedMap(servers), rules: majoritySystem.read(new Map(), servers)! };
}

/** Splits as upstream: blanks around items and empty items do not count. */
function itemsOf(list: string | null, separator = ','): string[] {
  return (list ?? '')
    .split(separator)
    .map(item => item.trim())
    .filter(item => item !== '');
}

/** `server.5=host:port:port:role;port`. Upstream does not look at what stands before the last dot. */
function joiningServer(text: string, rules: ReconfigRules): QuorumServer {
  const [name, line, ...rest] = itemsOf(text, '=');
  if (name === undefined || line === undefined || rest.length > 0)
    throw unfit(`"${text}" is not server.N=host:quorumPort:electionPort[:role];clientPort`);
  const sid = sidOf(name.slice(name.lastIndexOf('.') + 1), text);
  if (hasUnreadablePort(line)) throw unreadable(`"${text}" has a port that is none`);
  const server = parseQuorumServer(sid, line);
  checkForm(server, rules);
  if (server.client === undefined)
    throw unfit(`"${text}" has no client port, and a server that joins must have one`);
  return server;
}

/**
 * Without multiAddress.enabled, Apache's members could not read several addresses, which would stay in the
 * log forever. Members of this server have no secure port.
 */
function checkForm(
  { sid, addresses, secureClient }: QuorumServer,
  { multiAddressEnabled }: ReconfigRules,
): void {
  if (addresses.length > 1 && !multiAddressEnabled)
    throw unfit(
      `server.${sid} has ${addresses.length} addresses; one is accepted without multiAddress.enabled=true`,
    );
  if (secureClient !== undefined) throw unfit(`server.${sid} has a secure client port; none is accepted`);
}

function numberOf(text: string, item: string): number {
  if (!readsAsLong(text)) throw unreadable(`"${item}" names no sid`);
  return Number(text);
}

function sidOf(text: string, item: string): number {
  const sid = numberOf(text, item);
  if (!Number.isSafeInteger(sid) || sid < 0)
    throw unfit(`"${item}" names ${text}; accepted is a sid from 0 to ${Number.MAX_SAFE_INTEGER}`);
  return sid;
}

/**
 * A text travels in votes, so it must fit there. And an escape in a bulk text can put a line end into a host,
 * which would make other lines of it for whoever reads the configuration.
 */
function checkReadable({ verifier: { text } }: Configuration): void {
  if (text.length > CONFIG_TEXT_CHARS_MAX)
    throw unfit(
      `the text of the configuration has ${text.length} characters; at most ${CONFIG_TEXT_CHARS_MAX} are accepted`,
    );
  if (configurationFromText(text).verifier.text !== text)
    throw unfit('the text of the configuration would not be read back as what it says');
}
