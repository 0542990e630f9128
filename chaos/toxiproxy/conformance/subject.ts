import { eachToxiproxy } from '../../testing/each-toxiproxy.ts';
import { EchoServer } from '../../testing/echo-server.ts';
import { ToxiproxyClient } from '../client.ts';
import type { Toxiproxy } from '../toxiproxy.ts';

/** What a conformance test gets: a Toxiproxy without proxies, and a server to put behind one. */
export interface Bench {
  readonly toxiproxy: Toxiproxy;
  readonly client: ToxiproxyClient;
  readonly echo: EchoServer;
  /** Sends a raw request, for status codes and bodies that the client hides. */
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Creates a proxy named `name` before the echo server. Returns its listen address. */
  proxy(name: string): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; undefined when it is not JSON. */
  readonly json: unknown;
}

export type ConformanceTest = (title: string, body: (bench: Bench) => Promise<void>) => void;

/** Declares tests of the API or of toxics for both servers. */
export function conformance(name: string, declare: (test: ConformanceTest) => void): void {
  eachToxiproxy(name, test => declare((title, body) => test(title, toxiproxy => withBench(toxiproxy, body))));
}

async function withBench(toxiproxy: Toxiproxy, body: (bench: Bench) => Promise<void>): Promise<void> {
  const client = new ToxiproxyClient(toxiproxy.url);
  const echo = await EchoServer.listen();
  const request = (method: string, path: string, json?: unknown) => ask(toxiproxy.url + path, method, json);
  const proxy = async (name: string) => {
    const made = await client.populate([{ name, listen: '127.0.0.1:0', upstream: echo.address }]);
    return made[0]!.listen;
  };
  try {
    await body({ toxiproxy, client, echo, request, proxy });
  } finally {
    await echo.close();
    for (const { name } of await client.proxies()) await client.removeProxy(name);
  }
}

/** `body`: a string is sent unchanged, undefined as no body, everything else as JSON. */
async function ask(url: string, method: string, body: unknown): Promise<Answer> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const response = await fetch(url, { method, ...(text === undefined ? {} : { body: text }) });
  const answer = await response.text();
  return { status: response.status, text: answer, json: parse(answer) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
