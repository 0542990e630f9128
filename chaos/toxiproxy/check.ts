import type { Check } from '../../bench/doctor.ts';
import { externalUrl, findServer, STAND_IN } from './find.ts';
import { readVersion } from './ready.ts';

/** For `zklab doctor`: which Toxiproxy a run would use, without starting it. */
export const TOXIPROXY_CHECK: Check = {
  name: 'Toxiproxy',
  usedFor: 'faults on links; without it the built-in stand-in serves, and the report says so',
  howToGet: 'npm run toxiproxy:install (needs Go), or toxiproxy-server on the PATH, or TOXIPROXY_URL',
  async look() {
    const url = process.env.TOXIPROXY_URL;
    if (url === STAND_IN) return { partly: 'built-in stand-in, as TOXIPROXY_URL says' };
    if (url) {
      const api = externalUrl(url);
      const version = await readVersion(api).catch((error: Error) => {
        throw new Error(`TOXIPROXY_URL is ${url}, but no Toxiproxy answers there: ${error.message}`);
      });
      return `external, ${version} at ${url}`;
    }
    const server = await findServer();
    if (server === undefined) return { partly: 'built-in stand-in' };
    return `real, ${server.version ?? 'version unknown'}, ${server.file}`;
  },
};
