/**
 * The server on a disk that forgets: `forgetful-main.js zoo.cfg`. It ends with its standard input, as main.ts
 * does.
 */
import { loadConfig } from '../../server/config/load-config.ts';
import { processLog } from '../../server/runtime/node-logger.ts';
import { nodeRuntime } from '../../server/runtime/node-runtime.ts';
import { startServer } from '../../server/server.ts';
import { forgetfulDisk } from './forgetful-disk.ts';

const WRITE_BACK_MS = 400;

const logger = processLog().logger;
const runtime = nodeRuntime({ logger });
startServer({
  runtime: { ...runtime, disk: forgetfulDisk(runtime.disk, WRITE_BACK_MS) },
  config: loadConfig(runtime.disk, process.argv[2] ?? ''),
  logger,
  onFatal: () => process.exit(1),
});
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();
