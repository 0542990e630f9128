/** Node.js cannot read SO_KEEPALIVE, but `ss` shows the timer of the system. */
import { execa } from 'execa';
import { suite, until } from '#test';
import { withEnsemble } from './interop/ensemble.test-kit.ts';

const test = suite('server: keep-alive');

/** Local address -> its timer, of established connections on this port. */
async function timers(port: number, hosts: readonly string[]): Promise<string[]> {
  const { stdout } = await execa('ss', ['-Htno', 'state', 'established', `sport = :${port}`]);
  return stdout.split('\n').filter(line => hosts.some(host => line.includes(`${host}:${port}`)));
}

for (const wanted of [true, false])
  test(`clientTcpKeepAlive=${wanted} and tcpKeepAlive=${wanted}: idle clients and election peers are ${wanted ? '' : 'not '}probed`, async () => {
    await withEnsemble(
      [{ is: 'zklab' }, { is: 'zklab' }],
      async ensemble => {
        await ensemble.start();
        const hosts = [...ensemble.members.values()].map(({ host }) => host);
        const { clientPort, sid } = await ensemble.leader();
        await ensemble.client(sid);
        for (const port of [clientPort, 3888]) {
          // While bytes are on their way the system shows another timer.
          await until(
            async () => {
              const found = await timers(port, hosts);
              return found.length > 0 && found.every(line => line.includes('timer:(keepalive') === wanted);
            },
            { deadlineMs: 20_000, what: `the timers of port ${port}`, intervalMs: 50 },
          );
        }
      },
      [`clientTcpKeepAlive=${wanted}`, `tcpKeepAlive=${wanted}`],
    );
  });
