import { DataTree } from '../../server/tree/data-tree.ts';
import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import type { TxnBody, TxnHeader } from '../../server/wire/txn.ts';
import type { MicroTask } from './micro-task.ts';

const OPERATIONS = 1_000;
const NODES = 10_000;

/** Transactions, applied as the last processor does, to a tree of ten thousand nodes. */
export function treeTasks(): MicroTask[] {
  const tree = new DataTree();
  const header: TxnHeader = {
    clientHigh: 0,
    clientLow: 1,
    cxid: 1,
    zxid: 0,
    time: 1_700_000_000_000,
    type: 0,
  };
  const data = Buffer.alloc(100, 1);
  const apply = (body: TxnBody): number => {
    header.zxid++;
    header.type = body.type;
    return tree.processTxn(header, body).err;
  };
  const create = (path: string): number =>
    apply({
      type: OpCode.create,
      path,
      data,
      acl: [...OPEN_ACL_UNSAFE],
      ephemeral: false,
      parentCVersion: header.zxid + 1,
    });
  create('/d');
  const paths = Array.from({ length: NODES }, (_, i) => `/d/k${i}`);
  for (const path of paths) create(path);
  let next = 0;
  const task = (name: string, run: (path: string) => number): MicroTask => ({
    name: `tree: ${name}`,
    operations: OPERATIONS,
    run: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += run(paths[next++ % NODES]!);
      return sum;
    },
  });
  return [
    task('look a node up', path => tree.getNode(path)?.data?.length ?? 0),
    task('apply a setData of 100 bytes', path => apply({ type: OpCode.setData, path, data, version: 1 })),
    task('apply a create and its delete', path => {
      const extra = `${path}x`;
      return create(extra) + apply({ type: OpCode.delete, path: extra });
    }),
  ];
}
