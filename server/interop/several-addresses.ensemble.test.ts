/**
 * ZOOKEEPER-3188: members of both implementations with an address on each of two networks, of which one is
 * cut. Packets sent through a cut network vanish, on old connections and new ones, and nobody gets an error.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, type Place, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { partToRun, runPart, type World } from './namespace.test-kit.ts';
import { sameTrees } from './same-trees.test-kit.ts';

const test = suite('interop: several addresses');
const DEADLINE = { deadlineMs: 500_000 };

const SIDS = [1, 2, 3, 4];
const NETWORKS = [1, 2];
const addressOf = (sid: number, network: number) => `10.${network}.0.${sid}`;
/**
 * An address where packets vanish: a device that nobody reads from, behind a neighbour that does not exist.
 */
const NOWHERE = '10.99.0.1';
const WRITE_DEADLINE_MS = 60_000;

const world: World = {
  addresses: SIDS.flatMap(sid => NETWORKS.map(network => `${addressOf(sid, network)}/32`)),
  hosts: ['127.0.0.1 localhost'],
  families: 'ipv4',
};

const ip = (...words: string[]) => execFileSync('ip', words);

function makeNowhere(): void {
  ip('link', 'add', 'away', 'type', 'veth', 'peer', 'name', 'lost');
  for (const device of ['away', 'lost']) ip('link', 'set', device, 'up');
  ip('neigh', 'add', NOWHERE, 'lladdr', '02:00:00:00:00:01', 'dev', 'away');
  for (const network of NETWORKS)
    ip('route', 'add', `10.${network}.0.0/16`, 'via', NOWHERE, 'dev', 'away', 'onlink');
}

/**
 * Removes the addresses of a network from this machine, so that packets to them vanish, or adds them again.
 */
function setNetwork(network: number, how: 'add' | 'del'): void {
  for (const sid of SIDS) ip('address', how, `${addressOf(sid, network)}/32`, 'dev', 'lo');
}

const plans: MemberPlan[] = [
  { is: 'apache' },
  { is: 'zklab' },
  { is: 'apache' },
  { is: 'zklab', observer: true },
];

const places: Place[] = SIDS.map(sid => ({
  name: addressOf(sid, 1),
  further: [addressOf(sid, 2)],
  dial: '127.0.0.1',
  everywhere: true,
  ports: { client: 2180 + sid, quorum: 2888, election: 3888 },
}));

/** Each running member takes a write; those that lost their leader need another one first. */
async function everybodyWrites(ensemble: Ensemble, prefix: string): Promise<void> {
  for (const { sid } of ensemble.running) {
    const written = async (): Promise<boolean> => {
      try {
        const client = await ensemble.client(sid);
        await client.create(`/${prefix}-${sid}`, `by ${sid}`).catch((error: Error) => {
          if (!/NODEEXISTS/.test(error.message)) throw error;
        });
        await client.close();
        return true;
      } catch {
        return false;
      }
    };
    await until(written, {
      deadlineMs: WRITE_DEADLINE_MS,
      what: `a write by ${sid}: ${prefix}`,
      intervalMs: 100,
    });
  }
}

async function throughOutages(): Promise<void> {
  requireApache();
  makeNowhere();
  // With the default, a member that dials a dead leader through a cut network waits for initLimit, 60 s.
  const settings = ['multiAddress.enabled=true', 'syncLimit=12', 'connectToLearnerMasterLimit=4'];
  const body = async (ensemble: Ensemble) => {
    await ensemble.startLedBy(2);
    await everybodyWrites(ensemble, 'before');
    const texts = await Promise.all(ensemble.running.map(member => member.word('conf')));
    const lines = texts.map(text => text.split('\n').filter(line => line.startsWith('server.')));
    const role = (sid: number) => (sid === 4 ? 'observer' : 'participant');
    const expected = SIDS.map(
      sid =>
        `server.${sid}=${NETWORKS.map(network => `${addressOf(sid, network)}:2888:3888`).join('|')}:${role(sid)}`,
    );
    for (const each of lines) assert.equal(each, expected);
    for (const network of NETWORKS) {
      setNetwork(network, 'del');
      await everybodyWrites(ensemble, `without-${network}`);
      // Ours leads at first, and Apache's from here on.
      const isFirst = network === NETWORKS[0];
      if (isFirst) await ensemble.member(2).kill();
      await ensemble.leader();
      await everybodyWrites(ensemble, `without-${network}-and-its-leader`);
      setNetwork(network, 'add');
      if (isFirst) await ensemble.start(2);
      await everybodyWrites(ensemble, `with-${network}`);
    }
    assert.ok((await sameTrees(ensemble)).length > 0, 'nodes were compared');
  };
  await withEnsemble(plans, body, settings, places);
}

const TITLE =
  'each of two networks is cut once, and the leader killed meanwhile: the members go on through the other';
const PART = 'outages';
if (partToRun() === undefined)
  test(TITLE, () => runPart(fileURLToPath(import.meta.url), PART, world), DEADLINE);
else test(TITLE, throughOutages, DEADLINE);
