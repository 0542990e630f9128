/**
 * The SOCKS servers of an ensemble, as a process: `main.js FILE...`, a link map for each. It sends its ports
 * over the IPC channel, in the same order, and ends when that channel closes.
 */
import { endWithParent } from '../../../bench/hosts/end-with-parent.ts';
import { LinkMap } from '../../../server/runtime/addresses/link-map.ts';
import { processLog } from '../../../server/runtime/logging/node-logger.ts';
import { SocksGateway } from './gateway.ts';

const { logger } = processLog();

endWithParent();
process.once('SIGTERM', () => process.exit(0));

const gateways = await Promise.all(
  process.argv.slice(2).map(file => SocksGateway.listen(new LinkMap(file, logger))),
);
process.send?.({ ports: gateways.map(({ port }) => port) });
