import { createHash } from 'node:crypto';
import type { Entry } from './toy-log.ts';

export interface ToyNode {
  value: string;
  version: number;
  mzxid: number;
  readonly czxid: number;
}

/** The toy's tree: flat, without ACLs and children. */
export class ToyTree {
  readonly nodes = new Map<string, ToyNode>();
  zxid = 0;

  apply({ zxid, f, path, value }: Entry): void {
    const node = this.nodes.get(path);
    if (f === 'create' && node === undefined) {
      this.nodes.set(path, { value, version: 0, mzxid: zxid, czxid: zxid });
    } else if (f === 'setData' && node !== undefined) {
      node.value = value;
      node.version++;
      node.mzxid = zxid;
    } else if (f === 'delete') {
      this.nodes.delete(path);
    }
    this.zxid = zxid;
  }

  digest(): string {
    const hash = createHash('sha256');
    for (const path of [...this.nodes.keys()].sort()) {
      const { value, version, mzxid } = this.nodes.get(path) as ToyNode;
      hash.update(`${path} ${mzxid} ${version} ${value}\n`);
    }
    return hash.digest('hex').slice(0, 16);
  }
}
