/** Clients that read and write at a steady pace, each at one member, and how long any of them waited. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkClient } from '../../../bench/load/client/client.ts';
import type { Member } from '../../../bench/topology/member.ts';

export interface SteadyClients {
  /** From the moment at which a request should have been sent until its answer, over all clients. */
  readonly longestWaitMs: number;
  readonly requests: number;
}

const SESSION_TIMEOUT_MS = 10_000;
/** Between an error and the next attempt. The wait goes on. */
const RETRY_MS = 5;
/** A request that waits this long is given up, and has waited this long at least. */
const WAIT_MAX_MS = 30_000;

type Request = (client: ZkClient, path: string) => Promise<unknown>;

const REQUESTS: readonly Request[] = [
  (client, path) => client.getData(path),
  (client, path) => client.setData(path, 'steady'),
];

/** One client for reads and one for writes at each of `members`, while `body` runs. @throws as `body` */
export async function steadyClients(
  members: readonly Member[],
  { path, everyMs }: { readonly path: string; readonly everyMs: number },
  body: () => Promise<unknown>,
): Promise<SteadyClients> {
  const clients: ZkClient[] = [];
  const connect = async (member: Member): Promise<ZkClient> => {
    const client = await ZkClient.connect(member.ownAddress, { timeoutMs: SESSION_TIMEOUT_MS });
    clients.push(client);
    return client;
  };
  let isOver = false;
  try {
    const pairs = members.flatMap(member => REQUESTS.map(request => ({ member, request })));
    const connected = await Promise.all(
      pairs.map(async ({ member, request }) => ({ request, client: await connect(member) })),
    );
    const requests = connected.map(({ client, request }) =>
      requestSteadily(client, request, { path, everyMs }, () => isOver),
    );
    try {
      await body();
    } finally {
      isOver = true;
    }
    const waits = await Promise.all(requests);
    return {
      longestWaitMs: Math.max(...waits.map(({ longestMs }) => longestMs)),
      requests: waits.reduce((sum, { count }) => sum + count, 0),
    };
  } finally {
    await Promise.allSettled(clients.map(client => client.close()));
  }
}

interface Waits {
  longestMs: number;
  count: number;
}

/** Each wait counts from when the request was due, also if the one before it was late. */
async function requestSteadily(
  client: ZkClient,
  request: Request,
  { path, everyMs }: { readonly path: string; readonly everyMs: number },
  isOver: () => boolean,
): Promise<Waits> {
  const waits: Waits = { longestMs: 0, count: 0 };
  for (let dueAt = performance.now(); !isOver(); dueAt += everyMs) {
    await sleep(Math.max(0, dueAt - performance.now()));
    if (!(await answered(() => request(client, path), dueAt))) {
      waits.longestMs = WAIT_MAX_MS;
      break;
    }
    waits.longestMs = Math.max(waits.longestMs, performance.now() - dueAt);
    waits.count++;
  }
  return waits;
}

async function answered(ask: () => Promise<unknown>, dueAt: number): Promise<boolean> {
  while (performance.now() - dueAt < WAIT_MAX_MS) {
    try {
      await ask();
      return true;
    } catch {
      await sleep(RETRY_MS);
    }
  }
  return false;
}
