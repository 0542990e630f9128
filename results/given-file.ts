/** Reads a file that a person named, which may be anything: a pipe, a device, a hundred megabytes. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/**
 * A pipe without a writer or a device without an end would hold the whole process, and no Ctrl-C would reach
 * it.
 * @throws Error saying why, without the name of the file
 */
export function readGivenFile(path: string, bytesMax: number): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() && !stat.isDirectory())
      throw new Error('it is a pipe or a device; accepted is a regular file');
    if (stat.size > bytesMax && stat.isFile())
      throw new Error(`it has ${stat.size} bytes; accepted are at most ${bytesMax}`);
    return readFileSync(file);
  } catch (error) {
    // Node.js adds the call and the path, which whoever reports it names as well.
    throw new Error((error as Error).message.replace(/, \w+( '.*')?$/, ''), { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
