/** An ensemble whose members change their settings one after the other while clients write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { assert } from '#test';
import type { Ensemble } from './ensemble.test-kit.ts';

const NODES = 20;

/** Every member writes, and reads what the others wrote. */
export async function everybodyWrites(
  ensemble: Ensemble,
  prefix: string,
  sids: readonly number[] = ensemble.running.map(({ sid }) => sid),
): Promise<void> {
  const clients = await Promise.all(sids.map(sid => ensemble.client(sid)));
  const numbers = Array.from({ length: NODES }, (_, n) => n);
  await Promise.all(
    clients.flatMap((client, i) => numbers.map(n => client.create(`/${prefix}-${i}-${n}`, `${i}`))),
  );
  for (const client of clients) {
    await client.sync();
    for (let i = 0; i < clients.length; i++)
      for (const n of numbers) assert.is(await client.get(`/${prefix}-${i}-${n}`), `${i}`);
  }
  await Promise.all(clients.map(client => client.close()));
}

/** Restarts each member with these lines, the leader last, while a client writes through another member. */
export async function rollOn(ensemble: Ensemble, lines: readonly string[]): Promise<void> {
  const leader = await ensemble.leader();
  const order = [...ensemble.running.filter(member => member !== leader), leader];
  for (const member of order) {
    const witness = ensemble.running.find(other => other !== member && other !== leader)!;
    const before = await ensemble.client(witness.sid);
    const path = `/rolled-${lines.join()}-${member.sid}`.replace(/=/g, '-');
    await member.stop();
    reconfigure(ensemble, member.sid, lines);
    if (member !== leader) {
      // The quorum goes on without the member.
      await before.create(path, 'x');
      await before.close();
    } else before.destroy();
    member.start();
    await member.serves();
    await Promise.all(ensemble.running.map(each => each.serves()));
    await everybodyWrites(ensemble, `after${path.slice(1)}`);
  }
}

/**
 * Replaces the lines of a member's zoo.cfg that set these keys. The new lines take effect at the next start.
 */
export function reconfigure(ensemble: Ensemble, sid: number, lines: readonly string[]): void {
  const { configPath } = ensemble.member(sid);
  const keys = lines.map(line => line.split('=', 1)[0]);
  const kept = readFileSync(configPath, 'utf8')
    .split('\n')
    .filter(line => !keys.includes(line.split('=', 1)[0]));
  writeFileSync(configPath, [...kept, ...lines, ''].join('\n'));
}
