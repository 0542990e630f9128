/** The server with the mistake that `ZKLAB_PLANT` names: `planted-main.js zoo.cfg`, else as `main.ts`. */
import { isPlant, PLANT_VARIABLE, PLANTS } from './planted-server.ts';

const named = process.env[PLANT_VARIABLE] ?? '';
if (!isPlant(named))
  throw new Error(`${PLANT_VARIABLE}=${named}: accepted are ${Object.keys(PLANTS).join()}`);
PLANTS[named]();
await import('../../../server/main.ts');
