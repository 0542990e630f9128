import { badValue } from '../properties/key-kinds.ts';
import type { Settings } from './config-keys.ts';

/** The brokers that this server brings a plug-in for, and the scheme of their addresses. */
const SCHEMES = { nats: 'nats:', redis: 'redis:' } as const;
export type SinkName = keyof typeof SCHEMES;

/** Where an observer sends its commit stream. @see docs/commit-stream.md "Settings" */
export interface StreamSettings {
  /** One of the brokers, or the path of a module that makes a sink. */
  readonly sink: SinkName | `/${string}`;
  /** Empty for a module that needs none. */
  readonly url: string;
  /** Name of the stream at the broker. */
  readonly name: string;
  /** The file whose first line is the password, which is read at each start of the plug-in. */
  readonly passwordPath: string | undefined;
}

const SINK = 'observer.stream.sink';
const URL_KEY = 'observer.stream.url';
const NAME_KEY = 'observer.stream.name';
const NAME_DEFAULT = 'zookeeper';
/** NATS accepts fewer characters in the name of a stream than Redis in a key. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws ServerError ZK_CONFIG_VALUE */
export function streamSettings(
  settings: Settings,
  server: { readonly isObserver: boolean; readonly observerSyncEnabled: boolean },
  warnings: string[],
): StreamSettings | undefined {
  const { streamSink: sink, streamUrl: url, streamName: name = NAME_DEFAULT, streamPasswordPath } = settings;
  if (sink === undefined) {
    if (url !== undefined) warnings.push(`${URL_KEY} has no effect without ${SINK}`);
    return undefined;
  }
  if (!isSink(sink)) throw badValue(SINK, sink, `${BROKERS}, or the path of a module that starts with /`);
  if (!NAME.test(name)) throw badValue(NAME_KEY, name, 'up to 64 letters, digits, _ and -');
  checkUrl(sink, url);
  if (!server.isObserver) {
    warnings.push(`${SINK}=${sink} has no effect on this server: only an observer feeds a commit stream`);
    return undefined;
  }
  if (!server.observerSyncEnabled)
    throw badValue(
      SINK,
      sink,
      'a sink together with observer.syncEnabled=true: the stream resumes from the log',
    );
  return { sink, url: url ?? '', name, passwordPath: streamPasswordPath };
}

const BROKERS = Object.keys(SCHEMES).join(', ');

function isSink(sink: string): sink is StreamSettings['sink'] {
  return sink.startsWith('/') || Object.hasOwn(SCHEMES, sink);
}

function checkUrl(sink: StreamSettings['sink'], text: string | undefined): void {
  if (sink.startsWith('/')) return;
  const scheme = SCHEMES[sink as SinkName];
  const accepts = `the address of a broker, such as ${scheme}//broker.example:${PORTS[sink as SinkName]}`;
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== scheme || url.hostname === '')
    throw badValue(URL_KEY, url?.password ? HIDDEN : (text ?? ''), accepts);
  if (url.password !== '')
    throw badValue(
      URL_KEY,
      HIDDEN,
      'an address without a password: observer.stream.passwordPath names its file',
    );
}

const PORTS: Readonly<Record<SinkName, number>> = { nats: 4222, redis: 6379 };
const HIDDEN = '(an address with a password)';
