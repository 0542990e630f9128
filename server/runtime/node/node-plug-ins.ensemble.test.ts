import { execFileSync } from 'node:child_process';
import { assert, suite } from '#test';

const test = suite('runtime: plug-ins on Node.js');

const MODULE = new URL('./node-plug-ins.js', import.meta.url).href;
const SCRIPT = `
import { openSync } from 'node:fs';
import { nodePlugIns } from '${MODULE}';
try {
  for (;;) openSync('/dev/null', 'r');
} catch {}
const plugIn = nodePlugIns.start({ onMessage() {}, onEnd: reason => console.log('ended: ' + reason) });
plugIn.send({ type: 'open' });
plugIn.kill();
`;

test('a plug-in that cannot be started for want of descriptors has ended, and the server goes on', () => {
  const run = 'ulimit -n 64; exec "$0" --input-type=module -e "$1"';
  const said = execFileSync('sh', ['-c', run, process.execPath, SCRIPT], { encoding: 'utf8' });
  assert.match(said, /^ended: .*(EMFILE|too many open files)/);
});
