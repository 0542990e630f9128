import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { stateOf } from '../../bench/hosts/process-state.ts';
import type { FaultMember } from '../faults/context.ts';

/** A member that is a separate process and only echoes: the target of process faults in tests. */
export class EchoProcess implements FaultMember {
  readonly name: string;
  role: string;
  clientAddress = '';
  restarts = 0;
  #process: ReturnType<typeof start>;

  private constructor(name: string, role: string) {
    this.name = name;
    this.role = role;
    this.#process = start(0);
  }

  static async start(name: string, role: string): Promise<EchoProcess> {
    const member = new EchoProcess(name, role);
    await member.#ready();
    return member;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  signal(signal: NodeJS.Signals, pid: number): void {
    process.kill(pid, signal);
  }

  readonly stateOf = stateOf;

  roleOf(): string {
    return this.role;
  }

  /** Restarts on the same port. */
  async restart(): Promise<void> {
    this.#process = start(Number(this.clientAddress.split(':')[1]));
    this.restarts += 1;
    await this.#ready();
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process;
  }

  async #ready(): Promise<void> {
    const message = (await this.#process.getOneMessage()) as { address: string };
    this.clientAddress = message.address;
  }
}

function start(port: number) {
  const main = fileURLToPath(new URL('./echo-member.js', import.meta.url));
  return execaNode(main, [String(port)], {
    ipc: true,
    nodeOptions: [],
    reject: false,
    buffer: false,
    cleanup: true,
  });
}
