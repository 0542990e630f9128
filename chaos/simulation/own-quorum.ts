/** Who votes in a configuration, and by what rule. */
export interface QuorumRules {
  readonly voters: readonly number[];
  /** Sids by group. Without groups, a majority of the voters decides. */
  readonly groups: readonly (readonly number[])[];
  /** By sid, where the weight is not the usual one. */
  readonly weights: Readonly<Record<string, number>>;
}

/**
 * What a quorum is, reckoned here from the definition. The server's own verifiers are not asked: a mistake
 * in them would make all members agree on what is none.
 */
export function isQuorum({ voters, groups, weights }: QuorumRules, sids: ReadonlySet<number>): boolean {
  const speaks = (sid: number) => voters.includes(sid) && sids.has(sid);
  if (groups.length === 0) return voters.filter(speaks).length > voters.length / 2;
  const weightOf = (sid: number) => weights[sid] ?? (voters.includes(sid) ? 1 : 0);
  const sum = (members: readonly number[]) => members.reduce((all, sid) => all + weightOf(sid), 0);
  const weighty = groups.filter(group => sum(group) > 0);
  const won = weighty.filter(group => sum(group.filter(speaks)) > sum(group) / 2);
  return won.length > weighty.length / 2;
}

/** The rules that a configuration's text states, as in /zookeeper/config. */
export function rulesOf(text: string): QuorumRules {
  const voters: number[] = [];
  const groups: number[][] = [];
  const weights: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, kind = '', sid = '', value = ''] = /^(server|group|weight)\.(\d+)=(.*)$/.exec(line.trim()) ?? [];
    if (kind === 'server' && !/:observer(;|$)/.test(value)) voters.push(Number(sid));
    else if (kind === 'group') groups.push(value.split(':').filter(Boolean).map(Number));
    else if (kind === 'weight') weights[sid] = Number(value);
  }
  return { voters, groups, weights };
}
