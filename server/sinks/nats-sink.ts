import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type StreamMessage, zxidOfMessage } from '../stream/stream-message.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { heldByAnother, notOurs, reasonOf, type Sink, type SinkOptions } from './sink.ts';

const CONNECT_MS_MAX = 5_000;
const ANSWER_MS_MAX = 20_000;
/** Limit on the headers before a message, which count against the broker's max_payload. */
const HEADER_BYTES_MAX = 256;

/**
 * NATS JetStream. Each message says which sequence number the one before it must have, so the broker refuses
 * everything behind a message that it did not store. Nats-Msg-Id is the zxid.
 */
export function createNatsSink({ url, name, password, onLost }: SinkOptions): Sink {
  let connection: NatsConnection | null = null;
  let client: JetStreamClient;
  let manager: JetStreamManager;
  let lastSequence = 0;

  const addStream = async (): Promise<void> => {
    await manager.streams.add({
      name,
      subjects: [name],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
    });
  };

  const publish = async ({ zxid, text }: StreamMessage, behind: number): Promise<void> => {
    const { seq, duplicate } = await client.publish(name, text, {
      msgID: zxidToHex(zxid),
      expect: { streamName: name, lastSequence: behind },
      timeout: ANSWER_MS_MAX,
    });
    if (duplicate || seq !== behind + 1) throw heldByAnother(name, url);
  };

  const tooLarge = ({ zxid }: StreamMessage, bytes: number): Error =>
    new Error(
      `the message of transaction ${zxidToHex(zxid)} has ${bytes} bytes, and the broker at ${url} accepts ` +
        `${connection?.info?.max_payload} (max_payload): the stream waits until the broker accepts more`,
    );

  return {
    async open() {
      const { username } = new URL(url);
      try {
        connection = await connect({
          servers: url,
          name: `zklab commit stream ${name}`,
          reconnect: false,
          timeout: CONNECT_MS_MAX,
          ...(username === '' ? {} : { user: decodeURIComponent(username) }),
          ...(password === undefined ? {} : { pass: password }),
        });
        void connection.closed().then(error => {
          const reason = error === undefined ? 'closed by the broker' : reasonOf(error);
          onLost(`the connection to the broker at ${url} is lost: ${reason}`);
        });
        client = jetstream(connection);
        manager = await jetstreamManager(connection);
      } catch (error) {
        throw new Error(`the broker at ${url} cannot be reached or refuses this server: ${reasonOf(error)}`);
      }
    },

    async position() {
      const info = await manager.streams.info(name).catch(error => {
        if (hasCode(error, JetStreamApiCodes.StreamNotFound)) return null;
        throw new Error(`the broker at ${url} does not show the stream ${name}: ${reasonOf(error)}`);
      });
      if (info === null) {
        await addStream();
        return null;
      }
      if (!info.config.subjects?.includes(name))
        throw notOurs(name, url, `it does not have the subject ${name}`);
      lastSequence = info.state.last_seq;
      if (lastSequence === 0) return null;
      const last =
        info.state.messages === 0 ? null : await manager.streams.getMessage(name, { seq: lastSequence });
      if (last === null)
        throw new Error(
          `the last message of the stream ${name} at ${url}, number ${lastSequence}, is gone, and with it the ` +
            'position: bound the stream by size and not by age, or delete it to begin anew',
        );
      const zxid = last.subject === name ? zxidOfMessage(last.string()) : undefined;
      if (zxid === undefined) throw notOurs(name, url, `message number ${lastSequence} is no message of one`);
      return zxid;
    },

    async send(messages) {
      const payloadBytesMax = (connection?.info?.max_payload ?? 0) - HEADER_BYTES_MAX;
      const excess = messages.findIndex(({ text }) => Buffer.byteLength(text) > payloadBytesMax);
      const fitting = excess < 0 ? messages : messages.slice(0, excess);
      const first = lastSequence;
      // All messages are sent before the first is answered.
      const answers = await Promise.allSettled(fitting.map((message, i) => publish(message, first + i)));
      const refused = answers.findIndex(({ status }) => status === 'rejected');
      if (refused >= 0) {
        const { reason } = answers[refused] as PromiseRejectedResult;
        const isHeld = refused === 0 && hasCode(reason, JetStreamApiCodes.StreamWrongLastSequence);
        throw isHeld ? heldByAnother(name, url) : notStored(reason, url);
      }
      lastSequence = first + fitting.length;
      if (excess >= 0) throw tooLarge(messages[excess]!, Buffer.byteLength(messages[excess]!.text));
    },

    async close() {
      await connection?.close();
    },
  };
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

function notStored(error: unknown, url: string): Error {
  return new Error(`the broker at ${url} does not store the messages: ${reasonOf(error)}`);
}
