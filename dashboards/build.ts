import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = (name: string) => fileURLToPath(new URL(`../../dashboards/browser/${name}`, import.meta.url));

/** Bundles everything that a report contains, so that it opens without a network. */
await build({
  entryPoints: [source('report.ts'), source('report.css')],
  outdir: fileURLToPath(new URL('.', import.meta.url)),
  entryNames: '[name].bundle',
  bundle: true,
  minify: true,
  legalComments: 'none',
  format: 'iife',
  target: 'es2022',
  charset: 'ascii',
  logLevel: 'warning',
});
