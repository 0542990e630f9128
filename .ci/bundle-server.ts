/**
 * Bundles the server into one file. Hundreds of modules take longer to load than a small ensemble needs to
 * elect a leader, and each keeps memory of its own; a lab starts many members.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

await build({
  entryPoints: [dist('server/main.js')],
  outfile: dist('zklab-server.js'),
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
});
