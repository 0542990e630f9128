/** The fake server as a process of its own. It tells its parent the port, and ends with it. */
import { endWithParent } from '../../hosts/end-with-parent.ts';
import { startFakeServer } from './fake-server.ts';

const { port } = await startFakeServer();
process.send?.(port);
endWithParent();
