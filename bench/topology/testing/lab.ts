/**
 * A lab to be killed: it starts a topology, prints the pids of the members, and waits. With `unguarded`
 * nothing ends them.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CappedLog } from '../../hosts/capped-log.ts';
import { LOCAL_HOST } from '../../hosts/local-host.ts';
import { TEMPORARY_PREFIX } from '../../hosts/reaper.ts';
import { Ensemble } from '../ensemble.ts';
import { planEnsemble } from '../plan.ts';
import { readTopology } from '../read-topology.ts';

const [form = 'voters=1', ...flags] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), `${TEMPORARY_PREFIX}lab-`));

async function start(): Promise<number[]> {
  if (!flags.includes('unguarded')) {
    const plan = await planEnsemble(readTopology(form), folder);
    const ensemble = await Ensemble.start(plan, { temporaryFolder: folder });
    return ensemble.members.map(({ pid }) => pid);
  }
  const marker = join(folder, 'unguarded');
  const log = new CappedLog(join(folder, 'member.log'));
  const args = ['-e', 'setInterval(() => {}, 1000)', marker];
  const command = { file: process.execPath, args };
  // It does not end with its input: a command that says so gets no guard.
  const unguarded = { command, endsWithInput: true };
  return [LOCAL_HOST.start({ ...unguarded, log, cwd: folder, marker, temporaryFolder: folder }).pid];
}

const pids = await start();
process.stdout.write(`${JSON.stringify({ pids, folder })}\n`);
setInterval(() => {}, 60_000);
