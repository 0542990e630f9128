import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { Cluster } from './cluster.test-kit.ts';

/**
 * Runs the stories in transcripts/: lines that start with "> " are commands, with "#" prose, and the rest is
 * what happened. `node dist/server/election/transcripts.test.js --rewrite` writes what happens now; read the
 * diff.
 *
 * ensemble voters=1,2,3 [observers=4]   server 2 [zxid=0x100000003] [epoch=1]   start 1 2   stop 3   look 1
 * cut 1 3   heal 1 3   settle 3 LEADING leader=3 epoch=2   adopt 1 version=5   advance 500 (ms)
 */
const folder = new URL('../../../server/election/transcripts/', import.meta.url);
const rewrite = process.argv.includes('--rewrite');
const LINK_DELAY_MS = 5;

const test = suite('election: transcripts');

const stories = readdirSync(folder).filter(name => name.endsWith('.txt'));

test('there are stories', () => assert.ok(stories.length > 0));

for (const name of stories) {
  test(name, () => {
    const file = new URL(name, folder);
    const written = readFileSync(file, 'utf8');
    const happened = play(written);
    if (rewrite) writeFileSync(file, happened);
    else assert.fixture(happened, written);
  });
}

function play(story: string): string {
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  let cluster: Cluster | undefined;
  for (const line of story.split('\n')) {
    if (!line.startsWith('> ')) {
      if (line === '' || line.startsWith('#')) lines.push(line);
      continue;
    }
    lines.push(line);
    const [command = '', ...words] = line.slice(2).trim().split(/ +/);
    if (command === 'ensemble') cluster = newCluster(words, log);
    else if (cluster === undefined) throw new Error('a story begins with "> ensemble"');
    else run(cluster, command, words);
  }
  return lines.join('\n');
}

function newCluster(words: readonly string[], log: (line: string) => void): Cluster {
  const list = (name: string) => option(words, name)?.split(',').map(Number) ?? [];
  return new Cluster({
    voters: list('voters'),
    observers: list('observers'),
    delayMs: () => LINK_DELAY_MS,
    log,
  });
}

function option(words: readonly string[], name: string): string | undefined {
  return words.find(word => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

function run(cluster: Cluster, command: string, words: readonly string[]): void {
  const [first = 0, second = 0] = words.map(Number);
  const sids = words.map(Number);
  const number = (name: string) => Number(option(words, name) ?? 0);
  const commands: Record<string, () => void> = {
    server: () => {
      cluster.member(first).proposal = { zxid: number('zxid'), peerEpoch: number('epoch') };
    },
    start: () => {
      for (const sid of sids) cluster.start(sid);
    },
    stop: () => {
      for (const sid of sids) cluster.stop(sid);
    },
    look: () => {
      for (const sid of sids) cluster.look(sid);
    },
    cut: () => cluster.cut(first, second),
    heal: () => cluster.heal(first, second),
    advance: () => cluster.advance(first),
    adopt: () => cluster.adopt(first, number('version')),
    settle: () => {
      const state = words[1];
      if (state !== 'LEADING' && state !== 'FOLLOWING' && state !== 'OBSERVING') {
        throw new Error(`settle ${words.join(' ')}: LEADING, FOLLOWING or OBSERVING is accepted`);
      }
      const member = cluster.member(first);
      const { zxid, round } = member.core.vote;
      const vote = { leader: number('leader'), peerEpoch: number('epoch'), zxid, round };
      cluster.step(member, { type: 'settle', state, vote });
    },
  };
  const action = commands[command];
  if (action === undefined) throw new Error(`unknown command "${command}"`);
  action();
}
