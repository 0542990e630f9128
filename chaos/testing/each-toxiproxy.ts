import { requirePeer, type Suite, suite } from '#test';
import { findServer } from '../toxiproxy/find.ts';
import { startServer } from '../toxiproxy/start-server.ts';
import { startStandIn } from '../toxiproxy/start-stand-in.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';

export type ToxiproxyTest = (title: string, body: (toxiproxy: Toxiproxy) => Promise<void>) => void;

const DEADLINE_MS = 120_000;

/**
 * Declares the same tests for the stand-in and for the real server. Each gets one process for all of its
 * tests.
 */
export function eachToxiproxy(name: string, declare: (test: ToxiproxyTest) => void): void {
  for (const kind of ['stand-in', 'real'] as const) {
    const test = suite(`${name}: ${kind}`);
    let started: Promise<Toxiproxy> | undefined;
    const start = () => {
      started ??= kind === 'stand-in' ? startStandIn({ seed: 1 }) : startReal();
      return started;
    };
    declare((title, body) => test(title, async () => body(await start()), { deadlineMs: DEADLINE_MS }));
    stopAfter(test, () => started);
  }
}

async function startReal(): Promise<Toxiproxy> {
  const server = await findServer();
  requirePeer('toxiproxy-server', server, 'npm run toxiproxy:install; the stand-in is compared with it');
  return startServer(server!);
}

function stopAfter(test: Suite, started: () => Promise<Toxiproxy> | undefined): void {
  test.after(async () => {
    const toxiproxy = await started()?.catch(() => undefined);
    await toxiproxy?.stop();
  });
}
