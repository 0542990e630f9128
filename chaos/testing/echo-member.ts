import { EchoServer } from './echo-server.ts';

/**
 * An echo server as a process: a member that can be killed and paused. It sends its address to its parent and
 * dies with it.
 */
process.once('disconnect', () => process.exit(0));
const echo = await EchoServer.listen(Number(process.argv[2] ?? 0));
process.send?.({ address: echo.address });
