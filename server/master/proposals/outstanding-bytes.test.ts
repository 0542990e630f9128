import { assert, suite } from '#test';
import { LEARNER_BACKLOG_BYTES_MAX } from '../learners/learner-backlog.ts';
import { OUTSTANDING_BYTES_MAX, proposalBytes } from './outstanding-bytes.ts';

const test = suite('master: outstanding bytes');
const MIB = 1024 * 1024;
/** Memory of the places of four followers in their queues. */
const PLACES_BYTES = 4 * 96;

test('field report B5: all packets that wait for a quorum fit in the backlog of a voter that comes back', () => {
  for (const packetBytes of [200, 4_096, 65_536, MIB, 10 * MIB]) {
    // The transaction stands in the memory of its request, so that there is no second copy.
    const most = Math.ceil(OUTSTANDING_BYTES_MAX / proposalBytes(packetBytes, packetBytes, 0));
    assert.ok(
      most * (packetBytes + PLACES_BYTES) <= LEARNER_BACKLOG_BYTES_MAX,
      `packets of ${packetBytes} bytes`,
    );
  }
});
