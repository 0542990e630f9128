/**
 * Apache's leader and ours give the same answers to reconfigurations: the code of each wrong request, and the
 * text that each accepted one makes. A follower is asked, which asks its leader.
 */
import { assert, suite } from '#test';
import { errorName } from '../wire/error-codes.ts';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { type Implementation, requireApache } from './member.test-kit.ts';
import {
  type Change,
  CONFIG,
  putClientPortsIntoServerLines,
  RECONFIG_SETTINGS,
  reconfigure,
  superClient,
  watchConfig,
} from './reconfig.test-kit.ts';
import { SUPER_DIGEST_SETTING, type ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: answers to a reconfiguration');
const DEADLINE = { deadlineMs: 400_000 };
const LEADER = 2;

/** H1 stands for the host of member 1, and V for the current version. */
const ONE = 'server.1=H1:2888:3888:participant;H1:2181';
const TWO = 'server.2=H2:2888:3888:participant;H2:2181';
const BOTH = `${ONE},${TWO}`;

interface Request extends Omit<Change, 'from'> {
  readonly from?: number | 'V' | 'V-1';
}

const REQUESTS: readonly Request[] = [
  // Conditions.
  { joining: 'server.3=H3:2888:3888:observer;2181', from: 'V-1' },
  { joining: 'server.3=H3:2888:3888:observer;2181', from: 0 },
  { joining: 'server.3=H3:2888:3888:observer;2181', from: 'V' },
  { leaving: '3', from: 'V' },
  { joining: 'nonsense', from: 'V-1' },
  // Server lines that are wrong.
  { joining: 'server.3' },
  { joining: 'server.3=' },
  { joining: '=' },
  { joining: 'nonsense' },
  { joining: 'server.x=H3:2888:3888:participant;2181' },
  { joining: 'server.=H3:2888:3888:participant;2181' },
  { joining: 'server.3=H3:2888:3888:participant' },
  { joining: 'server.3=H3:2888:participant;2181' },
  { joining: 'server.3=H3:2888;2181' },
  { joining: 'server.3=H3:x:3888;2181' },
  { joining: 'server.3=H3:2888:x;2181' },
  { joining: 'server.3=H3:2888:3888;x' },
  { joining: 'server.3=H3:2888:3888:nobody;2181' },
  { joining: 'server.3=H3:2888:2888:observer;2181' },
  { joining: 'server.3=H3:70000:3888:observer;2181' },
  { joining: 'server.3=H3:2888:3888:observer;70000' },
  { joining: 'server.3=H3:2888:3888:observer=x;2181' },
  // Addresses of another server.
  { joining: 'server.3=H1:2888:3988:observer;2181' },
  { joining: 'server.3=H1:2988:3888:observer;2181' },
  { joining: 'server.3=H1:2988:3988:observer;H1:2181' },
  { joining: 'server.3=H1:2988:2181:observer;2182' },
  // No quorum of the new voters is there.
  { joining: 'server.3=H3:2888:3888;2181,server.4=H4:2888:3888;2181' },
  { joining: 'server.3=H3:2888:3888;2181', leaving: '1' },
  // Too few voters.
  { leaving: '1' },
  { leaving: '1,2' },
  { joining: 'server.1=H1:2888:3888:observer;H1:2181' },
  { leaving: 'x' },
  { leaving: '1,x' },
  // Bulk changes that are wrong.
  { members: '' },
  { members: 'nonsense' },
  { members: ONE },
  { members: `${BOTH},clientPort=2181` },
  { members: `${BOTH},server.3` },
  { members: `${BOTH},server.3=H3` },
  { members: `${BOTH},server.x=H3:2888:3888` },
  { members: `${BOTH},group.1=1:2,group.2=2` },
  { members: `${BOTH},group.1=1` },
  { members: `${BOTH},group.1=1:x` },
  { members: `${BOTH},group.x=1:2` },
  { members: `${BOTH},group.1=1:2,weight.1=x` },
  { members: `${BOTH},version=x` },
  { members: 'server.1=H1:2888:3888:observer;H1:2181,server.2=H2:2888:3888:observer;H2:2181' },
  { members: `${BOTH},server.3=H3:2888:3888;2181,server.4=H4:2888:3888;2181` },
  // Accepted requests, some of them surprising.
  {},
  { joining: '', leaving: '' },
  { leaving: '9' },
  { joining: 'server.3=H3:2888:3888:OBSERVER;2181' },
  { joining: 'server.3=H3:2889:3889:observer;H3:2182' },
  { joining: 'server.3=H3:2889:3889:observer;H3:2182', leaving: '3' },
  { joining: 'server.4=H4:2889:3889:observer;2182', leaving: '3,4' },
  { joining: 'x.5=H5:2888:3888:observer;2181' },
  { leaving: '4,5', joining: 'ignored' },
  { members: BOTH },
  { members: `${TWO},${ONE},server.3=H3:2888:3888:observer` },
  { members: `${BOTH.replace(',', '\n')}\nversion=5` },
  { members: BOTH, joining: 'ignored', leaving: 'ignored' },
  { members: `${BOTH},server.3=H3:2888:3888:observer;2181,group.1=1,group.2=2:3,weight.1=2,weight.3=0` },
  // With groups, only bulk changes are possible.
  { leaving: '3' },
  { joining: 'server.3=H3:2888:3888:observer;2181' },
  {},
  { members: BOTH },
];

function withHosts(ensemble: Ensemble, text: string | undefined): string | undefined {
  const [a, b, c, d] = ensemble.member(1).host.split('.');
  return text?.replaceAll(/H(\d)/g, (_, sid) => `${a}.${b}.${c}.${Number(d) + Number(sid) - 1}`);
}

function withoutHosts(ensemble: Ensemble, text: string): string {
  const [a, b, c, d] = ensemble.member(1).host.split('.');
  const host = new RegExp(`${a}\\.${b}\\.${c}\\.(\\d+)`, 'g');
  return text.replaceAll(host, (_, last) => `H${Number(last) - Number(d) + 1}`);
}

async function asked(ensemble: Ensemble, client: ZkClient, request: Request, version: number) {
  const { joining, leaving, members, from } = request;
  const fromVersion = from === 'V' ? version : from === 'V-1' ? version - 1 : from;
  const change = {
    ...(joining !== undefined && { joining: withHosts(ensemble, joining)! }),
    ...(leaving !== undefined && { leaving }),
    ...(members !== undefined && { members: withHosts(ensemble, members)! }),
    ...(fromVersion !== undefined && { from: fromVersion }),
  };
  return reconfigure(client, change);
}

/** One line for each request: what was asked, the code, and the new lines. */
async function answers(ensemble: Ensemble): Promise<string[]> {
  const client = await superClient(ensemble, 1);
  const heard = await watchConfig(ensemble, 1);
  const config = await client.get(CONFIG);
  let version = Number.parseInt(/version=(.*)$/.exec(config)?.[1] ?? '', 16);
  const lines = [withoutHosts(ensemble, config).replace(/version=.*/, '')];
  let accepted = 0;
  for (const request of REQUESTS) {
    const outcome = await asked(ensemble, client, request, version);
    if (outcome.code === 'OK') {
      version = outcome.version;
      accepted++;
    }
    const text = withoutHosts(ensemble, outcome.lines.join(' '));
    lines.push(`${JSON.stringify(request)}: ${outcome.code} ${text}`);
  }
  const together = await Promise.all([{}, {}, { leaving: '9' }].map(change => reconfigure(client, change)));
  lines.push(`one after the other: ${together.map(({ code }) => code)}`);
  heard(accepted + 1);
  return lines;
}

/**
 * A client without permission is told what is wrong with its request, and only then that it may not make one.
 */
async function answersToStrangers(ensemble: Ensemble): Promise<string[]> {
  const client = await ensemble.client(LEADER);
  const codes: string[] = [];
  for (const request of [{}, { leaving: '9' }, { leaving: '1' }, { from: 5 }, { members: 'nonsense' }]) {
    codes.push((await reconfigure(client, request)).code);
  }
  await client.authenticate('somebody:else');
  codes.push((await reconfigure(client, {})).code);
  return codes;
}

async function ofMembers(is: Implementation): Promise<string[]> {
  const all: string[] = [];
  await withEnsemble(
    [{ is }, { is }],
    async ensemble => {
      putClientPortsIntoServerLines(ensemble);
      await ensemble.start();
      assert.is((await ensemble.leader()).sid, LEADER);
      all.push(...(await answers(ensemble)), ...(await answersToStrangers(ensemble)));
      await ensemble.agrees();
    },
    RECONFIG_SETTINGS,
  );
  return all;
}

test(
  "each request has the same answer from our leader as from Apache's, and changes the same",
  async () => {
    requireApache();
    const [theirs, ours] = [await ofMembers('apache'), await ofMembers('zklab')];
    assert.equal(ours, theirs);
  },
  DEADLINE,
);

test(
  'without reconfigEnabled every request is refused, whoever asks',
  async () => {
    await withEnsemble(
      [{ is: 'zklab' }, { is: 'zklab' }],
      async ensemble => {
        await ensemble.start();
        const client = await superClient(ensemble, 1);
        for (const change of [{}, { joining: 'nonsense' }, { from: 5 }]) {
          assert.is((await reconfigure(client, change)).code, errorName(-123));
        }
      },
      [SUPER_DIGEST_SETTING],
    );
  },
  DEADLINE,
);
