/**
 * Transcripts: stories in text files, each of which is a test. Lines that start with "> " are commands, lines
 * with "#" are prose, and the rest is what happened. `ZKLAB_REWRITE_TRANSCRIPTS=1 npm test -- transcripts`
 * rewrites the files with what happens now; read the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { assert, type Suite } from '#test';

/** The words behind the name of a command. */
export class CommandWords {
  readonly words: readonly string[];

  constructor(words: readonly string[]) {
    this.words = words;
  }

  has(word: string): boolean {
    return this.words.includes(word);
  }

  /** The text behind "name=". */
  option(name: string): string | undefined {
    return this.words.find(word => word.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  /** The number behind "name=". */
  number(name: string, otherwise: number): number {
    const text = this.option(name);
    return text === undefined ? otherwise : Number(text);
  }
}

export type Commands = Readonly<Record<string, (words: CommandWords) => void>>;

/**
 * Declares a test for each story of a folder.
 *
 * @param begin returns the commands of a new story, which report what happens through `log`
 */
export function testTranscripts(
  test: Suite,
  folder: URL,
  begin: (log: (line: string) => void) => Commands,
): void {
  const names = readdirSync(folder).filter(name => name.endsWith('.txt'));
  test('there are stories', () => assert.ok(names.length > 0));
  for (const name of names) {
    test(name, () => {
      const file = new URL(name, folder);
      const written = readFileSync(file, 'utf8');
      const lines: string[] = [];
      const commands = begin(line => void lines.push(line));
      for (const line of written.split('\n')) {
        const isCommand = line.startsWith('> ');
        if (isCommand || line === '' || line.startsWith('#')) lines.push(line);
        if (isCommand) run(commands, line.slice(2));
      }
      const happened = lines.join('\n');
      if (process.env.ZKLAB_REWRITE_TRANSCRIPTS === '1') writeFileSync(file, happened);
      else assert.fixture(happened, written);
    });
  }
}

function run(commands: Commands, line: string): void {
  const [name = '', ...words] = line.trim().split(/ +/);
  const command = commands[name];
  if (command === undefined)
    throw new Error(`"${name}" is no command: ${Object.keys(commands).join(', ')} are`);
  command(new CommandWords(words));
}
