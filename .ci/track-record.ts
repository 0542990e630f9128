/** `node dist/.ci/track-record.js --write` makes the page of the track record from its data. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_FILE, readBugs, trackRecordPage } from '../chaos/track-record/track-record.ts';

const ROOT = join(import.meta.dirname, '..', '..');

if (process.argv.slice(2).join(' ') !== '--write') {
  process.stderr.write('accepted is --write\n');
  process.exit(2);
}
writeFileSync(join(ROOT, PAGE_FILE), trackRecordPage(readBugs(ROOT)));
