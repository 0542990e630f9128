/**
 * Addresses of an ensemble on this machine. An observer reaches all voters' hosts on ONE observerMasterPort,
 * so each member has its own loopback IP. Members can then also use ZooKeeper's usual port numbers.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The other machine on which the lab starts the listener. Without it, a load accepts only loopback. */
  readonly machine?: string;
}

/** The listeners of one member. */
export interface MemberPorts {
  readonly client: Address;
  readonly quorum: Address;
  readonly election: Address;
  /** The same port on every member. Only voters of a topology with observer masters listen there. */
  readonly observerMaster: Address;
  readonly admin: Address;
}

export const USUAL_PORTS = {
  client: 2181,
  quorum: 2888,
  election: 3888,
  observerMaster: 2191,
  admin: 8080,
} as const satisfies Record<keyof MemberPorts, number>;

const KINDS = Object.keys(USUAL_PORTS) as (keyof MemberPorts)[];
const ATTEMPTS = 10;
const MEMBERS_PER_BLOCK = 250;

/**
 * The first address of the block is `127.a.b.*`, outside 127.0.0.* (used by the machine itself) and 127.0.1.1
 * (Debian's host name).
 */
export type Block = readonly [a: number, b: number];

export interface PortOptions {
  /** The port that members on other hosts already have. All members of an ensemble share it. */
  readonly observerMaster?: number | undefined;
  readonly block?: () => Block;
  /** @throws with code EADDRINUSE when that address is taken */
  readonly claim?: (address: Address) => Promise<Claim>;
}

/** A port held until its release. `port` is the one that the system chose when 0 was asked for. */
export interface Claim {
  readonly port: number;
  release(): Promise<void>;
}

/**
 * Finds addresses for `count` members that were all free at one moment. It first tries the usual ports on a
 * random block of IPs. When something listens on one of them on all addresses, the system chooses the ports.
 * @throws Error naming the last address that was taken
 */
export async function findPorts(count: number, options: PortOptions = {}): Promise<MemberPorts[]> {
  const { observerMaster, block = randomBlock, claim = claimPort } = options;
  let last: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const hosts = hostsOf(block(), count);
    try {
      const numbers = attempt % 2 === 0 ? USUAL_PORTS : await chosenNumbers(hosts[0]!, claim);
      const shared = observerMaster === undefined ? {} : { observerMaster };
      return await claimAll(hosts, { ...numbers, ...shared }, claim);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      last = error;
    }
  }
  throw new Error(`no free ports for ${count} members in ${ATTEMPTS} attempts: ${(last as Error).message}`, {
    cause: last,
  });
}

function randomBlock(): Block {
  return [randomInt(1, 255), randomInt(0, 255)];
}

/** One IP per member, from .1 on. */
export function hostsOf([a, b]: Block, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const carry = b + Math.floor(index / MEMBERS_PER_BLOCK);
    return `127.${a}.${carry}.${(index % MEMBERS_PER_BLOCK) + 1}`;
  });
}

type Numbers = Readonly<Record<keyof MemberPorts, number>>;

async function chosenNumbers(host: string, claim: NonNullable<PortOptions['claim']>): Promise<Numbers> {
  const claims = await Promise.all(KINDS.map(() => claim({ host, port: 0 })));
  await Promise.all(claims.map(each => each.release()));
  return Object.fromEntries(KINDS.map((kind, index) => [kind, claims[index]!.port])) as Numbers;
}

/** Holds all ports at once, so that they are free together, and always releases them. */
async function claimAll(
  hosts: readonly string[],
  numbers: Numbers,
  claim: NonNullable<PortOptions['claim']>,
): Promise<MemberPorts[]> {
  const members = hosts.map(host => portsOn(host, numbers));
  const held: Claim[] = [];
  try {
    for (const ports of members) for (const kind of KINDS) held.push(await claim(ports[kind]));
    return members;
  } finally {
    await Promise.all(held.map(each => each.release()));
  }
}

function portsOn(host: string, numbers: Numbers): MemberPorts {
  const at = (kind: keyof MemberPorts): Address => ({ host, port: numbers[kind] });
  return {
    client: at('client'),
    quorum: at('quorum'),
    election: at('election'),
    observerMaster: at('observerMaster'),
    admin: at('admin'),
  };
}

export function claimPort({ host, port }: Address): Promise<Claim> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRNOTAVAIL') reject(error);
      else
        reject(
          new Error(`${host}: this machine does not have this loopback address; Linux has all of 127.*`),
        );
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        release: () => new Promise(done => server.close(() => done())),
      });
    });
  });
}

export function formatAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}
