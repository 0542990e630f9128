/** An operator's own sink, and the process in which it runs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { type Ensemble, withEnsemble } from '../interop/ensemble.test-kit.ts';
import { killPlugIn, plugInOf } from './brokers.test-kit.ts';

const test = suite('sinks: a sink of your own');
const DEADLINE = { deadlineMs: 400_000 };

/** A sink that writes a line for each message to a file of its own. */
const OWN_SINK = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
export function createSink({ name }) {
  return {
    open: async () => {},
    position: async () => {
      const lines = existsSync(name) ? readFileSync(name, 'utf8').trim().split('\\n') : [];
      return lines.length === 0 ? null : Number(JSON.parse(lines.at(-1)).zxid);
    },
    send: async messages => appendFileSync(name, messages.map(({ text }) => text + '\\n').join('')),
    close: async () => {},
  };
}
`;

test(
  'a sink of your own is a module, and ends with the observer',
  async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'own-sink.mjs');
    const file = join(folder, 'stream');
    writeFileSync(path, OWN_SINK.replace('{ name }', '{}').replaceAll('name', JSON.stringify(file)));
    const plan = [
      { is: 'zklab' as const },
      { is: 'zklab' as const, observer: true, settings: [`observer.stream.sink=${path}`] },
    ];
    const body = async (ensemble: Ensemble): Promise<void> => {
      await ensemble.start();
      const observer = ensemble.member(2);
      const client = await ensemble.client(2);
      const zxids = () =>
        readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map(line => JSON.parse(line) as Record<string, unknown>);
      for (let round = 0; round < 3; round++) {
        await client.create(`/n${round}`);
        await until(
          () => zxids().some(({ body }) => (body as { path?: string } | undefined)?.path === `/n${round}`),
          {
            deadlineMs: 60_000,
            what: 'the message of the write',
          },
        );
        if (round < 2) await killPlugIn(observer);
      }
      assert.is(new Set(zxids().map(({ zxid }) => zxid)).size, zxids().length);
      const plugIn = await plugInOf(observer);
      await observer.kill();
      await until(() => !existsSync(`/proc/${plugIn}`), { deadlineMs: 30_000, what: 'the plug-in to end' });
    };
    await withEnsemble(plan, body, ['standaloneEnabled=false']);
  },
  DEADLINE,
);
