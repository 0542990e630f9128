/** Mistakes in members with several addresses. */
import { ElectionPeer } from '../../../server/election/election-peer.ts';
import { put } from './put.ts';

export const ADDRESS_PLANTS = {
  /** A member with several addresses is dialed at its first one alone, in elections. */
  'only the first address is dialed': () => {
    const { next } = ElectionPeer.prototype;
    return put(ElectionPeer.prototype, 'next', (peer, places) => next.call(peer, places).slice(0, 1));
  },
} as const;
