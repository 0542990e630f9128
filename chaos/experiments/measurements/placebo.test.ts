import { assert, suite, temporaryFolder } from '#test';
import type { HostProcess, ProcessExit, StartOptions } from '../../../bench/hosts/host.ts';
import { LoadError } from '../../../bench/load/load-error.ts';
import { startPlacebos } from './placebo.ts';
import { PLACEBO_READY } from './placebo-ready.ts';

const test = suite('chaos/experiments: placebos');

/** A host on paper: what it starts prints `output`, and runs until it is killed or `end` is called. */
function hostNamed(name: string, output = `${PLACEBO_READY}\n`) {
  const started: StartOptions[] = [];
  const ends: ((exit: ProcessExit) => void)[] = [];
  let running = 0;
  const start = (options: StartOptions): HostProcess => {
    started.push(options);
    running++;
    options.log.write(Buffer.from(output));
    const exited = new Promise<ProcessExit>(done => ends.push(done));
    let exit: ProcessExit | undefined;
    void exited.then(how => {
      exit = how;
      running--;
    });
    const kill = () => {
      ends.forEach(end => void end({ code: undefined, signal: 'SIGKILL' }));
      return exited;
    };
    return {
      pid: 1,
      exited,
      signal() {},
      stop: kill,
      kill,
      get exit() {
        return exit;
      },
      get isRunning() {
        return exit === undefined;
      },
    };
  };
  return {
    started,
    end: async (exit: ProcessExit) => {
      for (const each of ends) each(exit);
      await Promise.resolve();
    },
    running: () => running,
    script: (path: string) => ({ file: 'node', args: [`/${name}/dist/${path}`] }),
    folderFor: (folder: string) => `/${name}${folder}`,
    makeFolder: async () => {},
    start,
  };
}

test('each placebo runs on the host of the observer that it stands for', async () => {
  const [near, far] = [hostNamed('near'), hostNamed('far')];
  const folder = temporaryFolder();
  const placebos = await startPlacebos({ hosts: [near, far, far], cores: 0.25, folder });
  assert.equal([near.running(), far.running()], [1, 2]);
  assert.equal(
    far.started.map(({ command, cwd }) => [command.args, cwd]),
    ['2', '3'].map(n => [
      ['/far/dist/chaos/experiments/measurements/placebo-main.js', '0.25', `/far${folder}/placebo-${n}`],
      `/far${folder}`,
    ]),
  );
  placebos.check();
  await far.end({ code: 7, signal: undefined });
  assert.throws(() => placebos.check(), /^2 of 3 placebos ended before they were asked to \(exit code 7: /);
  await placebos.stop();
  assert.equal([near.running(), far.running()], [0, 0]);
});

test('a placebo that ends before it burns leaves none behind', async () => {
  const [good, bad] = [hostNamed('good'), hostNamed('bad', 'no such file\n')];
  const starting = startPlacebos({ hosts: [good, bad], cores: 1, folder: temporaryFolder() }).catch(
    (error: Error) => error,
  );
  while (bad.running() === 0) await Promise.resolve();
  await bad.end({ code: 1, signal: undefined });
  const error = await starting;
  assert.instance(error, LoadError);
  assert.match((error as Error).message, /1 of 2 placebos ended .* \(exit code 1: no such file\)/);
  assert.is(good.running(), 0);
});
