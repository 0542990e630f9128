/**
 * The server on a forgetful disk: `forgetful-main.js zoo.cfg [ms between two writes to the log file]
 * [probability with which a process is forgetful at all]`. It ends with its standard input, as main.ts does.
 */
import { loadConfig } from '../../server/config/load-config.ts';
import { processLog } from '../../server/runtime/logging/node-logger.ts';
import { nodeRuntime } from '../../server/runtime/node/node-runtime.ts';
import { startServer } from '../../server/server.ts';
import { forgetfulDisk } from './forgetful-disk.ts';

const [cfgFile = '', writeBackMs = '400', probability = '1'] = process.argv.slice(2);

const logger = processLog().logger;
const runtime = nodeRuntime({ logger });
const isForgetful = Math.random() < Number(probability);
startServer({
  runtime: isForgetful ? { ...runtime, disk: forgetfulDisk(runtime.disk, Number(writeBackMs)) } : runtime,
  config: loadConfig(runtime.disk, cfgFile),
  logger,
  onFatal: () => process.exit(1),
});
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();
