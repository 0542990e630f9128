/**
 * The last step of the build: makes the commands in `bin` executable. npm does so only when it links them,
 * and npx keeps its link, so that after a fresh build it would report "Permission denied".
 */
import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  bin: Record<string, string>;
};
for (const file of Object.values(bin)) chmodSync(fileURLToPath(new URL(file, root)), 0o755);
