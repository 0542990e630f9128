/**
 * Plants mistakes of the simulation into real servers: `NODE_OPTIONS=--import` loads this file before the
 * program of every process that a test starts. Only servers have what is changed.
 */
import { PLANTS, type Plant } from '../simulation/planted.ts';

/** Names of plants, divided by semicolons. */
export const PLANTS_VARIABLE = 'ZKLAB_CHAOS_PLANTS';

const asked = process.env[PLANTS_VARIABLE];
for (const name of asked ? asked.split(';') : []) {
  const plant = PLANTS[name as Plant];
  if (plant === undefined)
    throw new Error(`${PLANTS_VARIABLE}: "${name}"; accepted are ${Object.keys(PLANTS).join(', ')}`);
  plant();
}
