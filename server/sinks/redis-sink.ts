import { createClient } from '@redis/client';
import { type StreamMessage, zxidOfMessage } from '../stream/stream-message.ts';
import { counterOf, EPOCH_MAX, epochOf, makeZxid } from '../wire/zxid.ts';
import { heldByAnother, notOurs, reasonOf, type Sink, type SinkOptions } from './sink.ts';

const CONNECT_MS_MAX = 5_000;
/** The field of an entry that holds the message. */
const FIELD = 'message';
const HELD = 'HELD';

/**
 * Appends only directly behind the entry that the caller knows as the last one. Redis runs a script as a
 * whole and nobody else's commands in between; an error in the middle leaves the entries before it.
 */
const APPEND = `
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
end
if last ~= ARGV[1] then return redis.error_reply('${HELD} ' .. last) end
for i = 2, #ARGV, 2 do redis.call('XADD', KEYS[1], ARGV[i], '${FIELD}', ARGV[i + 1]) end
return last
`;

/**
 * Redis Streams. The id of an entry is its zxid as epoch-counter, so Redis itself refuses what it already
 * has, and remembers the last id when the entries have been trimmed.
 */
export function createRedisSink({ url, name, password, onLost }: SinkOptions): Sink {
  const address = new URL(url);
  const username = decodeURIComponent(address.username);
  // With a user name in the address, the client would use nothing else to log in.
  address.username = '';
  const client = createClient({
    url: address.href,
    ...(username === '' ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    // Redis 7 knows the older protocol too, and lists answers in the same order in both.
    RESP: 2,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS_MAX },
  });
  let lastId = '0-0';
  let isOpen = false;
  client.on('error', error => {
    if (isOpen) onLost(`the connection to the broker at ${url} is lost: ${reasonOf(error)}`);
  });

  const call = (...args: string[]): Promise<unknown> =>
    client.sendCommand(args).catch(error => {
      throw new Error(`the broker at ${url} answers ${args[0]} with: ${reasonOf(error)}`);
    });

  return {
    async open() {
      try {
        await client.connect();
      } catch (error) {
        throw new Error(`the broker at ${url} cannot be reached or refuses this server: ${reasonOf(error)}`);
      }
      isOpen = true;
    },

    async position() {
      if ((await call('EXISTS', name)) === 0) return null;
      const type = await call('TYPE', name);
      if (type !== 'stream') throw notOurs(name, url, `the key is a ${type}`);
      const info = (await call('XINFO', 'STREAM', name)) as unknown[];
      lastId = String(info[info.indexOf('last-generated-id') + 1]);
      if (lastId === '0-0') return null;
      const zxid = zxidOfId(lastId);
      if (zxid === undefined) throw notOurs(name, url, `its last id is ${lastId}`);
      const [last] = (await call('XREVRANGE', name, '+', '-', 'COUNT', '1')) as [string, string[]][];
      // When the last entries were deleted, an earlier entry still shows whether this is a commit stream.
      if (last !== undefined && zxidOfMessage(last[1][1] ?? '') !== zxidOfId(last[0]))
        throw notOurs(name, url, `the entry ${last[0]} is no message of one`);
      return zxid;
    },

    async send(messages) {
      const entries = messages.flatMap(message => [idOf(message), message.text]);
      try {
        await client.sendCommand(['EVAL', APPEND, '1', name, lastId, ...entries]);
      } catch (error) {
        const reason = reasonOf(error);
        if (reason.startsWith(HELD)) throw heldByAnother(name, url);
        throw new Error(`the broker at ${url} does not store the messages: ${reason}`);
      }
      lastId = idOf(messages.at(-1)!);
    },

    async close() {
      isOpen = false;
      client.destroy();
    },
  };
}

function idOf({ zxid }: StreamMessage): string {
  return `${epochOf(zxid)}-${counterOf(zxid)}`;
}

function zxidOfId(id: string): number | undefined {
  const [epoch = -1, counter = -1] = id.split('-').map(Number);
  return epoch >= 0 && epoch <= EPOCH_MAX && counter >= 0 && counter < 2 ** 32
    ? makeZxid(epoch, counter)
    : undefined;
}
