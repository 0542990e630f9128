import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { JuteReader, JuteWriter } from '../../server/wire/jute.ts';
import { readCreateRequest, readSetDataRequest, writeCreateRequest } from '../../server/wire/requests.ts';
import { readStat, type Stat, writeStat } from '../../server/wire/stat.ts';
import type { MicroTask } from './micro-task.ts';

const OPERATIONS = 1_000;

const STAT: Stat = {
  czxid: 0x1_0000_0001,
  mzxid: 0x1_0000_0002,
  ctime: 1_700_000_000_000,
  mtime: 1_700_000_000_001,
  version: 1,
  cversion: 2,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 100,
  numChildren: 2,
  pzxid: 0x1_0000_0003,
};
const CREATE = { path: '/load/d12/k1234', data: Buffer.alloc(100, 1), acl: OPEN_ACL_UNSAFE, flags: 0 };

export function juteTasks(): MicroTask[] {
  const writer = new JuteWriter(1_024);
  const reader = new JuteReader();
  const stat = new JuteWriter();
  writeStat(stat, STAT);
  const create = new JuteWriter();
  writeCreateRequest(create, CREATE);
  const setData = new JuteWriter().writeString(CREATE.path).writeBuffer(CREATE.data).writeInt(-1);
  const times = (run: () => number) => () => {
    let sum = 0;
    for (let i = 0; i < OPERATIONS; i++) sum += run();
    return sum;
  };
  const task = (name: string, run: () => number): MicroTask => ({
    name: `jute: ${name}`,
    operations: OPERATIONS,
    run: times(run),
  });
  return [
    task('write a Stat', () => {
      writeStat(writer.reset(), STAT);
      return writer.length;
    }),
    task('read a Stat', () => readStat(reader.reset(stat.buffer, 0, stat.length)).dataLength),
    task('write a create of 100 bytes', () => {
      writeCreateRequest(writer.reset(), CREATE);
      return writer.length;
    }),
    task(
      'read a create of 100 bytes',
      () => readCreateRequest(reader.reset(create.buffer, 0, create.length)).flags,
    ),
    task(
      'read a setData of 100 bytes',
      () => readSetDataRequest(reader.reset(setData.buffer, 0, setData.length)).version,
    ),
  ];
}
