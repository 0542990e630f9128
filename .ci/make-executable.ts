/**
 * The last step of the build: commands in `bin` may be run. npm sees to that only when it links them, and npx
 * keeps its link, so that after a fresh build it would say "Permission denied".
 */
import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  bin: Record<string, string>;
};
for (const file of Object.values(bin)) chmodSync(fileURLToPath(new URL(file, root)), 0o755);
