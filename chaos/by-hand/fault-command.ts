/** `zklab fault` and `zklab heal`: break and heal an ensemble that `zklab up` runs. */
import { durationText } from '../../bench/duration.ts';
import { type Terminal, table } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { ask, ControlSocket, runningUps } from './control-socket.ts';
import type { Asked, FaultDesk, FaultInForce, Listing } from './fault-desk.ts';

type Request =
  | { readonly do: 'list' }
  | { readonly do: 'heal'; readonly id?: number | undefined }
  | ({ readonly do: 'inject' } & Asked);

export interface FaultOptions {
  /** Process id of the `zklab up` that is meant, where several run. */
  readonly up?: number;
  readonly for?: number;
  readonly oneWay?: boolean;
  readonly json?: boolean;
}

/** For `zklab up`: serves these commands. */
export function serveFaults(desk: FaultDesk): Promise<ControlSocket> {
  return ControlSocket.listen(async given => {
    const request = given as Request;
    if (request.do === 'inject') return desk.inject(request);
    return request.do === 'heal' ? desk.heal(request.id) : desk.list();
  });
}

/** @throws UsageError. The exit code is 1 when the fault was injected and did not bite. */
export async function fault(
  words: readonly string[],
  terminal: Terminal,
  options: FaultOptions,
): Promise<ExitCode> {
  const { json, oneWay: isOneWay = false, for: forMs } = options;
  if (words[0] === 'list') {
    if (words.length > 1 || isOneWay || forMs !== undefined)
      throw new UsageError('fault list: accepted beside it are only --up and --json');
    const listing = (await send({ do: 'list' }, options)) as Listing;
    if (json) terminal.json(listing);
    else terminal.print(listingText(listing));
    return EXIT_CODES.holds;
  }
  const injected = (await send({ do: 'inject', words, isOneWay, forMs }, options)) as FaultInForce;
  if (json) terminal.json(injected);
  else terminal.print(injectedText(injected));
  return injected.bit ? EXIT_CODES.holds : EXIT_CODES.failed;
}

/** @throws UsageError */
export async function heal(
  id: number | undefined,
  terminal: Terminal,
  options: FaultOptions,
): Promise<ExitCode> {
  const healed = (await send({ do: 'heal', id }, options)) as readonly FaultInForce[];
  if (options.json) terminal.json(healed);
  else if (healed.length === 0) terminal.print('no fault is in force');
  else terminal.print(healed.map(each => `healed fault ${each.id}: ${faultText(each)}`).join('\n'));
  return EXIT_CODES.holds;
}

/** @throws UsageError when it is not clear which `zklab up` is meant */
function send(request: Request, { up }: FaultOptions): Promise<unknown> {
  const running = runningUps();
  const hint = 'start one in another terminal: zklab up observers';
  if (up !== undefined && !running.includes(up))
    throw new UsageError(
      `--up ${up}: ${running.length === 0 ? `no zklab up runs; ${hint}` : `accepted are ${running.join(', ')}`}`,
    );
  const [first, ...others] = up === undefined ? running : [up];
  if (first === undefined) throw new UsageError(`no zklab up runs; ${hint}`);
  if (others.length > 0)
    throw new UsageError(`several zklab up run; choose one with --up: ${running.join(', ')}`);
  return ask(first, request);
}

function injectedText(injected: FaultInForce): string {
  const { id, bit, how, until } = injected;
  const end =
    until === undefined
      ? `heal it: zklab heal ${id}`
      : `heals by itself after ${durationText(until - injected.since)}`;
  return [`fault ${id}: ${faultText(injected)}`, `${bit ? 'it bit' : 'it DID NOT BITE'}: ${how}`, end].join(
    '\n',
  );
}

function faultText({ fault: { fault: name, ...options }, on }: FaultInForce): string {
  const given = Object.entries(options).filter(([key]) => key !== 'select' && key !== 'target');
  return `${[name, ...given.map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(' ')} on ${on}`;
}

function listingText({ members, faults, links }: Listing): string {
  const inForce = faults.map(each => [
    String(each.id),
    faultText(each),
    each.bit ? 'bit' : 'did not bite',
    new Date(each.since).toISOString().slice(11, 19),
  ]);
  return [
    table([['member', 'role', 'pid'], ...members.map(({ name, role, pid }) => [name, role, String(pid)])]),
    faults.length === 0 ? 'no fault is in force\n' : table([['fault', 'what', 'proof', 'since'], ...inForce]),
    links.length === 0
      ? 'the links have no proxies'
      : table([['link', 'state'], ...links.map(({ name, state }) => [name, state])]),
  ].join('\n');
}
