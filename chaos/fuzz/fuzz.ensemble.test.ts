/** Not in the unit lane because of its length. It starts no process. */
import { assert, suite, temporaryFolder } from '#test';
import { serverProgram } from '../simulation/members/server-program.ts';
import { PORT_KINDS } from './conversation.ts';
import { fuzz } from './fuzz.ts';

const test = suite('fuzz: the server');

const FRAMES = 200_000;
const FIRST_SEED = 1;

test(
  '200,000 broken messages on all ports: no member throws, loses its leadership or logs too much, and quiet clients notice nothing',
  async () => {
    const folder = temporaryFolder();
    const { frames, answers, failed } = await fuzz({
      program: serverProgram(),
      ports: PORT_KINDS,
      frames: FRAMES,
      first: FIRST_SEED,
      folder,
    });
    assert.equal(failed, []);
    assert.ok(frames >= FRAMES && answers > FRAMES / 4, `${frames} frames beside ${answers} answers`);
  },
  { deadlineMs: 1_200_000 },
);
