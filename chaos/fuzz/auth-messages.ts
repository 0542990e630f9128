/** Messages of SASL between members: what a peer that may know nothing says in a handshake. */
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { buffer, int, long, type Message, text } from './message.ts';

const MAGIC = 0x5f2435013501edccn;
const RESPONSE =
  'charset=utf-8,username="member",realm="zk-quorum-sasl-md5",nonce="x",nc=00000001,cnonce="y",' +
  'digest-uri="zookeeper-quorum/zk-quorum-sasl-md5",maxbuf=65536,response=00000000000000000000000000000000,' +
  'qop=auth,authzid="member"';

/** The beginning of a handshake and a response to any challenge, or other steps in any order. */
export function authMessages(random: SeededRandom): Message[] {
  if (random.chance(0.6)) return [step(0, buffer(Buffer.alloc(0))), step(0, text(RESPONSE))];
  return Array.from({ length: 1 + random.below(3) }, () => {
    const token = random.pick([text(RESPONSE), text('rspauth=0'), text('"'), buffer(null), text('')]);
    return step(random.pick([0, 0, 1, -1, 7]), token);
  });
}

function step(status: number, token: Message[number]): Message {
  return [long(MAGIC), int(status), token];
}
