import { assert } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { type MemoryEnsemble, writeFile, ZOO_CFG } from '../memory-ensemble.test-kit.ts';

/** Lines of zoo.cfg. */
export type Lines = Readonly<Record<string, string>>;

/** Longer than syncLimit. */
const SETTLE_MS = 2000;

/** A write through each of these members is read through every other. */
export function writesReach(ensemble: MemoryEnsemble, name: string, sids = ensemble.sids): void {
  const clients = sids.map(sid => MemoryClient.open(ensemble, sid));
  for (const [i, client] of clients.entries()) {
    const path = `/${name}-${i}`;
    assert.is(client.create(path, name).err, 0);
    for (const other of clients) ensemble.wait(() => other.get(path) === name, `${path} everywhere`);
  }
  for (const { raw } of clients) raw.destroy();
}

/** Each step changes these lines at every member, one after the other, while the rest serves and writes. */
export function changeOneByOne(ensemble: MemoryEnsemble, steps: readonly Lines[]): void {
  for (const [at, step] of steps.entries()) {
    const first = ensemble.leader;
    for (const sid of [...ensemble.sids.filter(each => each !== first), first]) {
      ensemble.kill(sid);
      setLines(ensemble, sid, step);
      const left = ensemble.sids.filter(each => each !== sid);
      // Learners of a member that has gone notice it, and find another.
      ensemble.time.runUntil(() => false, ensemble.time.nowMs + SETTLE_MS);
      ensemble.waitServing(...left);
      writesReach(ensemble, `step-${at}-without-${sid}`, left);
      ensemble.boot(sid);
      ensemble.waitServing(...ensemble.sids);
    }
    writesReach(ensemble, `step-${at}`);
  }
}

/** Changes lines of a member's zoo.cfg. They count from its next start. */
function setLines(ensemble: MemoryEnsemble, sid: number, lines: Lines): void {
  const { disk } = ensemble.machine(sid);
  let text = disk.read(ZOO_CFG).toString();
  for (const [key, value] of Object.entries(lines))
    text = text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`);
  writeFile(disk, ZOO_CFG, text);
}
