import { suite } from '#test';
import { type Commands, type CommandWords, testTranscripts } from '../transcripts.test-kit.ts';
import { Cluster } from './cluster.test-kit.ts';

const LINK_DELAY_MS = 5;

/**
 * ensemble voters=1,2,3 [observers=4]   server 2 [zxid=0x100000003] [epoch=1]   start 1 2   stop 3   look 1
 * cut 1 3   heal 1 3   settle 3 LEADING leader=3 epoch=2   adopt 1 version=5   advance 500 (ms)
 */
function commands(log: (line: string) => void): Commands {
  let begun: Cluster | undefined;
  const cluster = () => {
    if (begun === undefined) throw new Error('a story begins with "> ensemble"');
    return begun;
  };
  const forEach = (act: (sid: number) => void) => (line: CommandWords) => line.words.map(Number).forEach(act);
  return {
    ensemble: line => {
      const list = (name: string) => line.option(name)?.split(',').map(Number) ?? [];
      begun = new Cluster({
        voters: list('voters'),
        observers: list('observers'),
        delayMs: () => LINK_DELAY_MS,
        log,
      });
    },
    server: line => {
      const [sid] = numbers(line);
      cluster().member(sid).proposal = { zxid: line.number('zxid', 0), peerEpoch: line.number('epoch', 0) };
    },
    start: forEach(sid => cluster().start(sid)),
    stop: forEach(sid => cluster().stop(sid)),
    look: forEach(sid => cluster().look(sid)),
    cut: line => cluster().cut(...numbers(line)),
    heal: line => cluster().heal(...numbers(line)),
    advance: line => cluster().advance(numbers(line)[0]),
    adopt: line => cluster().adopt(numbers(line)[0], line.number('version', 0)),
    settle: line => {
      const [sid] = numbers(line);
      const state = line.words[1];
      if (state !== 'LEADING' && state !== 'FOLLOWING' && state !== 'OBSERVING') {
        throw new Error(`settle ${line.words.join(' ')}: LEADING, FOLLOWING or OBSERVING is accepted`);
      }
      const member = cluster().member(sid);
      const { zxid, round } = member.core.vote;
      const vote = { leader: line.number('leader', 0), peerEpoch: line.number('epoch', 0), zxid, round };
      cluster().step(member, { type: 'settle', state, vote });
    },
  };
}

function numbers({ words }: CommandWords): [number, number] {
  const [first = 0, second = 0] = words.map(Number);
  return [first, second];
}

testTranscripts(
  suite('election: transcripts'),
  new URL('../../../server/election/transcripts/', import.meta.url),
  commands,
);
