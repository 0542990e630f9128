import { EchoServer } from './echo-server.ts';

/**
 * An echo server as a process: a member that can be killed and paused. Tells its address, dies with its
 * parent.
 */
process.once('disconnect', () => process.exit(0));
const echo = await EchoServer.listen(Number(process.argv[2] ?? 0));
process.send?.({ address: echo.address });
