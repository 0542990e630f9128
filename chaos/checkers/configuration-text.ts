/** The text of a configuration, as /zookeeper/config and the answer to a reconfig have it. */

export const CONFIG_PATH = '/zookeeper/config';

/** A server line of a configuration. */
export interface ConfigMember {
  readonly sid: number;
  readonly role: 'participant' | 'observer';
}

/** The members that a configuration's text names. */
export function membersOf(text: string): ConfigMember[] {
  return text.split('\n').flatMap(line => {
    const [, sid, value = ''] = /^server\.(\d+)=(.*)$/.exec(line) ?? [];
    if (sid === undefined) return [];
    return [{ sid: Number(sid), role: /:observer(;|$)/.test(value) ? 'observer' : 'participant' } as const];
  });
}

/** The zxid of its reconfiguration; 0 for one that has no version yet. */
export function versionOf(text: string): number {
  return Number.parseInt(/version=([0-9a-f]+)$/.exec(text)?.[1] ?? '0', 16);
}
