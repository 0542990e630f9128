/** Messages for an election port: an initial message, then notifications prefixed with their lengths. */
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { EnsembleFacts } from './learner-messages.ts';
import { buffer, int, long, type Message, text } from './message.ts';

const PROTOCOL_V1 = -65536n;
const PROTOCOL_V2 = -65535n;
/** States of a server that is looking (0), and of servers that have settled. */
const STATES = [0, 0, 1, 2, 3];

export function initialMessage(facts: EnsembleFacts, random: SeededRandom): Message {
  const sid = random.pick([...facts.sids, 77, -1, 2 ** 40]);
  if (random.chance(0.1)) return [long(sid)];
  const address = random.pick(['attacker:3888', '[::1]:3888', 'a:1|b:2', '', ':', 'x'.repeat(300)]);
  return [long(random.pick([PROTOCOL_V1, PROTOCOL_V2])), long(sid), text(address)];
}

export function notification(facts: EnsembleFacts, random: SeededRandom): Message {
  const config = random.pick([
    null,
    Buffer.alloc(0),
    Buffer.from('server.1=zk1:2888:3888:participant\nversion=0'),
    Buffer.from(
      'server.1=zk1:2888:3888:participant;0.0.0.0:2181\nserver.9=zk9:1:2:participant\nversion=f00000000',
    ),
  ]);
  return [
    int(random.pick(STATES)),
    long(random.pick([...facts.sids, 77, -1])),
    long(random.pick([facts.zxid, facts.zxid + 1, 0, 2 ** 52])),
    long(random.pick([1, 2, 100, 2 ** 40, 2 ** 52])),
    long(random.pick([facts.epoch, facts.epoch + 1, 0x1ffffd, -1])),
    int(random.pick([2, 2, 1, 0])),
    buffer(config),
  ];
}
