/**
 * `node dist/chaos/experiments/testing/plant.js PLANT OPTIONS`: `zklab claims` of servers with a planted
 * mistake, for the suites of the project on a quiet machine. @see planted-servers.ensemble.test.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SERVER_VARIABLE } from '../../../bench/hosts/server-program.ts';
import { isPlant, PLANT_VARIABLE, PLANTS } from './planted-server.ts';

const DIST = join(import.meta.dirname, '../../..');

const [plant = '', ...options] = process.argv.slice(2);
if (!isPlant(plant)) {
  process.stderr.write(`plant "${plant}": accepted are ${Object.keys(PLANTS).join(', ')}\n`);
  process.exit(2);
}
const lab = spawn(process.execPath, [join(DIST, 'zklab.js'), 'claims', ...options], {
  stdio: 'inherit',
  env: {
    ...process.env,
    [PLANT_VARIABLE]: plant,
    [SERVER_VARIABLE]: join(import.meta.dirname, 'planted-main.js'),
  },
});
// Ctrl-C reaches the lab by itself, and this process ends after it.
process.on('SIGINT', () => {});
const [code] = await once(lab, 'exit');
process.exitCode = code ?? 1;
