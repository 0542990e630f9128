import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = (name: string) => fileURLToPath(new URL(`../../dashboards/browser/${name}`, import.meta.url));

/** Bundles what a report carries along: everything it needs, so that it opens without a network. */
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
