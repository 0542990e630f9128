import type { Check } from '../../bench/doctor.ts';
import { CLIENT_KINDS } from './client-kinds.ts';

/** For `zklab doctor`: which clients of applications a run can have. */
export const REAL_CLIENTS_CHECK: Check = {
  name: 'real clients',
  usedFor: 'the workload real-clients: what applications see through Java, C, kazoo and Curator',
  howToGet:
    'apt-get install default-jdk-headless libzookeeper-java libcurator-recipes-java gcc libc6-dev libzookeeper-mt-dev python3-kazoo',
  async look() {
    const found = CLIENT_KINDS.map(({ name, missing }) => ({ name, why: missing() }));
    const present = found.filter(({ why }) => why === undefined).map(({ name }) => name);
    const absent = found.filter(({ why }) => why !== undefined);
    if (present.length === 0) return null;
    const text = present.join(', ');
    if (absent.length === 0) return text;
    return { partly: `${text}; not ${absent.map(({ name, why }) => `${name} (${why})`).join(', ')}` };
  },
};
