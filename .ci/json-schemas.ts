/** `node dist/.ci/json-schemas.js` makes the files of results/schemas/. A test says when that is needed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SCHEMAS, schemaFileName, schemaText } from '../chaos/schemas.ts';

for (const name of Object.keys(SCHEMAS)) {
  const file = schemaFileName(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, schemaText(name));
}
