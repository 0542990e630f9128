/** Mistakes in what a quorum is, and in who may lead. */
import { Election } from '../../../server/election/election.ts';
import { QuorumHierarchical } from '../../../server/membership/quorum-hierarchical.ts';
import { QuorumMaj } from '../../../server/membership/quorum-maj.ts';
import { EpochFiles } from '../../../server/storage/epoch-file.ts';
import { FailureDetector } from '../failure-detector.ts';
import { put } from './put.ts';

export const QUORUM_PLANTS = {
  /** Every quorum needs one member less than a majority. */
  'a minority decides': () =>
    put(QuorumMaj.prototype, 'containsQuorum', ({ voters }, sids) => (sids.size + 1) * 2 > voters.size),

  /** Voters of weight 0 decide as if they weighed 1. */
  'weight 0 is counted': () => {
    const { weightOf } = QuorumHierarchical.prototype;
    return put(QuorumHierarchical.prototype, 'weightOf', (verifier, sid) =>
      verifier.isVoter(sid) ? Math.max(1, weightOf.call(verifier, sid)) : 0,
    );
  },

  /** Groups and weights are read and make no difference. */
  'a majority of all decides, not one of the groups': () =>
    put(QuorumHierarchical.prototype, 'containsQuorum', ({ voters }, sids) => {
      const present = [...sids].filter(sid => voters.has(sid));
      return present.length * 2 > voters.size;
    }),

  /** The oracle of two voters authorises whoever asks. */
  'the oracle authorises both': () => put(FailureDetector.prototype, 'authorises', () => true),

  /** A member that starts again does not remember which epoch it has promised to follow. */
  'acceptedEpoch is forgotten in a restart': () => {
    const { load } = EpochFiles.prototype;
    return put(EpochFiles.prototype, 'load', (files, lastZxid, events) => {
      load.call(files, lastZxid, events);
      files.setAcceptedEpoch(files.currentEpoch);
    });
  },

  /** Of two votes, that of the higher sid wins, whoever has the longer history. */
  'votes ignore zxids': () => {
    const { lookForLeader } = Election.prototype;
    return put(Election.prototype, 'lookForLeader', (election, _proposal, onElected) =>
      lookForLeader.call(election, { zxid: 0, peerEpoch: 0 }, onElected),
    );
  },
} as const;
