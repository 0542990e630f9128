/**
 * Bundles the server into two files: the one that is started, and the program that it loads. Hundreds of
 * modules take longer to load than a small ensemble needs to elect a leader, and each keeps memory of its
 * own; a lab starts many members.
 *
 * What a module declares with `const` or `class` must stay so: the engine compiles them as constants.
 * Written as `var`, as most bundlers do, a write costs a fourth more CPU.
 */
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const dist = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

const bundle = await rollup({
  input: dist('server/main.js'),
  external: name => !/^[./]/.test(name),
  onwarn(warning) {
    throw new Error(`bundling the server: ${warning.message}`);
  },
});
await bundle.write({
  dir: dist('.'),
  entryFileNames: 'zklab-server.js',
  chunkFileNames: 'zklab-server-[name].js',
  format: 'esm',
});
await bundle.close();
