import { renameSync } from 'node:fs';

/**
 * One file of a program that only tests start, beside it, with all modules of ours: it starts in little more
 * than half the time of the separate files. @param program a compiled file
 */
export async function bundled(program: string): Promise<string> {
  const { build, stop } = await import('esbuild');
  const file = program.replace(/\.js$/, '.bundle.js');
  // Other tests may start the same program at this moment.
  const written = `${file}.${process.pid}`;
  await build({
    ...{ entryPoints: [program], outfile: written, logLevel: 'warning' },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm' },
  });
  // It would keep a process for the next build.
  await stop();
  renameSync(written, file);
  return file;
}
