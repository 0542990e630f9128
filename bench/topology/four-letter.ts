import * as net from 'node:net';

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Sends a four-letter word and returns the whole answer, after which the server closes.
 * @throws Error naming the word and the address when the port is closed, silent for `timeoutMs`, or sends too
 * much
 */
export function fourLetterWord(
  address: { host: string; port: number },
  word: string,
  timeoutMs = 2_000,
): Promise<string> {
  const { host, port } = address;
  const what = `four-letter word ${word} to ${host}:${port}`;
  if (word.length !== 4) return Promise.reject(new TypeError(`${what}: a word has four letters`));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = net.connect({ host, port });
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(`${what}: ${error.message}`, { cause: error }));
    };
    socket.on('connect', () => socket.write(word));
    socket.on('data', chunk => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) fail(new Error(`more than ${ANSWER_BYTES_MAX} bytes`));
    });
    socket.on('error', fail);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

export interface Mntr {
  /** Keys without "zk_". */
  numbers: ReadonlyMap<string, number>;
  texts: ReadonlyMap<string, string>;
}

/**
 * @throws Error when the answer has no `zk_` line: the server does not serve, or the word is not whitelisted
 */
export function parseMntr(answer: string): Mntr {
  const numbers = new Map<string, number>();
  const texts = new Map<string, string>();
  for (const line of answer.split('\n')) {
    const tab = line.indexOf('\t');
    if (!line.startsWith('zk_') || tab < 0) continue;
    const key = line.slice(3, tab);
    const text = line.slice(tab + 1).trim();
    const value = Number(text);
    if (text !== '' && Number.isFinite(value)) numbers.set(key, value);
    else texts.set(key, text);
  }
  if (numbers.size + texts.size === 0)
    throw new Error(`mntr answered: ${answer.trim().slice(0, 200) || '(nothing)'}`);
  return { numbers, texts };
}

export async function mntr(address: { host: string; port: number }, timeoutMs?: number): Promise<Mntr> {
  return parseMntr(await fourLetterWord(address, 'mntr', timeoutMs));
}

export type Mode = 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only';

export interface Srvr {
  version: string;
  mode: Mode;
  /** As printed: "0x100000001". */
  zxid: string;
  nodeCount: number;
  connections: number;
}

/** Null when the server answers but does not serve (looking, or still synchronising). */
export function parseSrvr(answer: string): Srvr | null {
  const mode = /^Mode: (\S+)/m.exec(answer)?.[1];
  if (mode === undefined) return null;
  return {
    version: /^Zookeeper version: ([^\s,]+)/m.exec(answer)?.[1] ?? '',
    mode: mode as Mode,
    zxid: /^Zxid: (\S+)/m.exec(answer)?.[1] ?? '',
    nodeCount: Number(/^Node count: (\d+)/m.exec(answer)?.[1] ?? Number.NaN),
    connections: Number(/^Connections: (\d+)/m.exec(answer)?.[1] ?? Number.NaN),
  };
}
