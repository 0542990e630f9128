/**
 * zkCli.sh prints the same with our members, whatever their role, as with Apache's: the transcripts of one
 * script are compared line by line. Times, sessions and addresses differ and are left out; zxids count from
 * the first one shown.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, quickJava, suite } from '#test';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { CLASS_PATH, type Member, requireApache } from './member.test-kit.ts';

const test = suite('interop: zkCli.sh');
const DEADLINE = { deadlineMs: 400_000 };
const MAIN = 'org.apache.zookeeper.ZooKeeperMain';

const SILENT = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off';

const SCRIPT = `
create /c data
create -s /c/s- one
create -s /c/s- two
create -e /c/e eph
create -e -s /c/es- eph
create -c /c/container
create /c/acl x world:anyone:ra
create /c
create /nowhere/x
create /c/e/child
get -s /c
get -w /c
set -s /c changed
set -v 1 /c again
set -v 0 /c never
stat /c
stat /nope
stat -w /c/later
create /c/later
ls -s /c
ls -w /c
ls -R /c
set /c/acl denied
delete /c/acl
getAllChildrenNumber /c
getEphemerals /c
getEphemerals
addWatch -m PERSISTENT_RECURSIVE /c/container
create /c/container/deep d
set /c/container/deep e
removewatches /c/container
addWatch -m PERSISTENT /c/s-0000000000
set /c/s-0000000000 f
removewatches /c/s-0000000000 -a
addauth digest user:pass
create /c/private secret auth::cdrwa
getAcl -s /c/private
setAcl -v 0 /c/container/deep auth:user:cdrwa
setAcl -v 0 /c/container/deep world:anyone:r
getAcl -s /c/container/deep
setAcl -R /c/container ip:127.0.0.0/8:cdrwa
getAcl /c/container
whoami
sync /c
delete -v 7 /c/later
delete /c/later
delete /c
reconfig -add server.9=localhost:1:2;3
create -t 1000 /c/ttl x
get /c/private
create /bad/ x
deleteall /c/container
deleteall /c -b 2
ls /
close
quit
`.trimStart();

/** Returns what zkCli prints. Both streams go to one file, so errors keep their place among the answers. */
async function run(member: Member, script: string): Promise<string> {
  const command = [
    'java',
    ...quickJava(96),
    SILENT,
    '-cp',
    CLASS_PATH,
    MAIN,
    '-server',
    `${member.host}:2181`,
  ];
  const printed = join(member.folder, 'zkcli');
  const file = openSync(printed, 'w');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['pipe', file, file] });
  closeSync(file);
  const ended = once(child, 'exit');
  child.stdin?.end(script);
  await ended;
  return readFileSync(printed, 'utf8');
}

/** Lines of events, and of the address. */
const NOISE = /^(WATCHER::|WatchedEvent|Connecting to)/;

/** The client sends itself this event, and may have exited before it prints it. */
const CLOSED = /^state:Closed /;

interface Transcript {
  readonly answers: string[];
  readonly events: string[];
}

/**
 * 3.9 shows the zxid of the change, which its server sends; 3.8 and ours send -1, and the client of 3.8 shows
 * none.
 */
function withoutZxid(event: string): string {
  return event.replace(/ zxid: -?\d+$/, '');
}

/** Events come between answers or within them, so answers and events are each compared in their own order. */
function transcriptOf(output: string, member: Member): Transcript {
  const zxids = [...output.matchAll(/0x([0-9a-f]{9})\b/g)].map(match => Number.parseInt(match[1] ?? '', 16));
  const first = Math.min(...zxids);
  const lines = output
    .split('\n')
    .filter(line => line !== '' && !NOISE.test(line))
    .map(line => line.replace(/^([cm]time) = .*/, '$1').replaceAll(member.host, 'HOST'))
    .map(line =>
      line.replaceAll(/0x([0-9a-f]{9})\b/g, (_, hex) => `zxid ${Number.parseInt(hex, 16) - first}`),
    )
    .map(line => line.replaceAll(/0x[0-9a-f]{14,16}/g, 'SESSION'));
  const events = [...output.matchAll(/WatchedEvent (.*)/g)]
    .map(match => withoutZxid(match[1] ?? ''))
    .filter(event => !CLOSED.test(event));
  return { answers: lines, events };
}

async function transcriptsOf(ensemble: Ensemble): Promise<Transcript[]> {
  await ensemble.start();
  const transcripts: Transcript[] = [];
  for (const member of ensemble.members.values()) {
    transcripts.push(transcriptOf(await run(member, SCRIPT), member));
  }
  return transcripts;
}

test(
  'the same answers and events from our leader, follower and observer as from Apache (004-12)',
  async () => {
    requireApache();
    let theirs: Transcript | undefined;
    await withEnsemble([{ is: 'apache' }, { is: 'apache' }], async ensemble => {
      await ensemble.start();
      theirs = transcriptOf(await run(ensemble.member(2), SCRIPT), ensemble.member(2));
    });
    await withEnsemble(
      [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab', observer: true }],
      async ensemble => {
        const ours = await transcriptsOf(ensemble);
        for (const [i, transcript] of ours.entries()) {
          assert.equal(transcript.answers, theirs?.answers, `answers of member ${i + 1}`);
          assert.equal(transcript.events, theirs?.events, `events of member ${i + 1}`);
        }
      },
    );
  },
  DEADLINE,
);
