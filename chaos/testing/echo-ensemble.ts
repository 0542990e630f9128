import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { LinkFaultContext } from '../faults/context.ts';
import { exchange } from '../mesh/measure.ts';
import { Mesh, type MeshMember } from '../mesh/mesh.ts';
import type { ToxiproxyClient } from '../toxiproxy/client.ts';
import { EchoServer } from './echo-server.ts';

const PING_BYTES = 4;

type Port = keyof MeshMember['ports'];

/** Members in this process whose every port echoes, behind a mesh: the target of link faults in tests. */
export class EchoEnsemble {
  readonly context: LinkFaultContext;
  readonly roles: Map<string, string>;
  readonly #servers: ReadonlyMap<string, EchoServer>;

  private constructor(
    context: LinkFaultContext,
    roles: Map<string, string>,
    servers: ReadonlyMap<string, EchoServer>,
  ) {
    this.context = context;
    this.roles = roles;
    this.#servers = servers;
  }

  /** `roles` by name; change the map to move the leadership. A misbehaving client may be given. */
  static async start(
    roles: Map<string, string>,
    options: { client: ToxiproxyClient; folder: string },
  ): Promise<EchoEnsemble> {
    const servers = new Map<string, EchoServer>();
    const members: MeshMember[] = [];
    for (const [index, name] of [...roles.keys()].entries()) {
      const port = async (kind: Port) => {
        const server = await EchoServer.listen();
        servers.set(`${name}.${kind}`, server);
        return { host: '127.0.0.1', port: server.port };
      };
      const ports = {
        quorum: await port('quorum'),
        election: await port('election'),
        observerMaster: await port('observerMaster'),
        client: await port('client'),
      };
      members.push({ name, sid: index + 1, role: 'participant', ports });
    }
    const { client, folder } = options;
    const mesh = await Mesh.build({ client, members, folder, roleOf: name => roles.get(name)! });
    const context: LinkFaultContext = {
      client,
      mesh,
      random: new SeededRandom(1),
      probe: (link, deadlineMs, { bytes = PING_BYTES, end = false } = {}) =>
        exchange(link.proxied, end ? undefined : Buffer.alloc(bytes), deadlineMs, bytes),
    };
    return new EchoEnsemble(context, roles, servers);
  }

  get mesh(): Mesh {
    return this.context.mesh;
  }

  server(name: string, port: Port): EchoServer {
    return this.#servers.get(`${name}.${port}`)!;
  }

  async stop(): Promise<void> {
    await this.mesh.remove();
    for (const server of this.#servers.values()) await server.close();
  }
}
