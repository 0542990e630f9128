import { assert, suite } from '#test';
import type { Role } from '../membership/quorum-server.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType, writeQuorumPacket } from '../wire/quorum-packet.ts';
import { MasterSide } from './master-side.ts';
import { PacketReader, type PacketView } from './packet-stream.ts';

const test = suite("zab: a learner's configuration, and its master's");

const { FOLLOWERINFO, OBSERVERINFO } = PacketType;

function infoOf(type: number, configVersion: number): PacketView {
  const data = new JuteWriter().writeLong(2).writeInt(0x10000).writeLong(configVersion).toBuffer();
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type, zxid: 0, data, authinfo: null });
  let packet: PacketView | undefined;
  new PacketReader(4096, view => {
    packet = view.kept();
  }).feed(writer.toBuffer());
  return packet!;
}

/** What the master does with server 2 that comes as `type`. */
function answer(
  versions: { committed: number; lastSeen: number } | null,
  type: number,
  version: number,
  role?: Role,
): string {
  const side = new MasterSide({
    acceptsFollowers: true,
    offersProposals: false,
    roleOf: () => role,
    configVersions: () => versions,
  });
  const [output] = side.step({ type: 'packet', packet: infoOf(type, version) });
  return output?.type === 'close' ? output.reason : String(output?.type);
}

test('a learner with a newer configuration in force than the master knows is turned away', () => {
  const versions = { committed: 3, lastSeen: 5 };
  assert.match(answer(versions, FOLLOWERINFO, 6), /configuration 0x6 in force, .* none after 0x5/);
  for (const version of [0, 3, 5]) assert.is(answer(versions, FOLLOWERINFO, version), 'awaitEpoch');
  assert.is(answer(null, FOLLOWERINFO, 6), 'awaitEpoch', 'without reconfiguration, versions say nothing');
});

test('a learner that does not know its new role yet is let in, and hears of it with the sync', () => {
  const versions = { committed: 5, lastSeen: 5 };
  for (const [type, role] of [
    [FOLLOWERINFO, 'observer'],
    [OBSERVERINFO, 'participant'],
  ] as const) {
    assert.is(answer(versions, type, 3, role), 'awaitEpoch');
    assert.match(answer(versions, type, 5, role), /by the configuration here/);
    assert.match(answer(null, type, 3, role), /by the configuration here/);
  }
});
