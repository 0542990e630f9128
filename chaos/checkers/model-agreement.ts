import type { Checker } from './checker.ts';
import { CONFIG_PATH } from './configuration-text.ts';
import { type HistoryEvent, isWrite, type Operation, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { type Change, ModelTree, type Transaction } from './transaction.ts';
import { UncountedClosings } from './uncounted-closings.ts';

export const modelAgreement: Checker<'history' | 'transactions'> = {
  name: 'model agreement',
  description: 'answers that are not those of the agreed tree at the zxid they name',
  needs: ['history', 'transactions'],
  check: ({ history, transactions }) => checkModelAgreement(history, transactions),
};

/**
 * Checks that every answer follows from the transactions that the ensemble agreed on. A reply carries a zxid,
 * so each request has exactly one right answer:
 *
 * - an acknowledged write is the transaction of its zxid, with that session, path and data;
 * - a refused write had a reason in the tree before it; for NOTEMPTY see also `uncounted-closings.ts`;
 * - a read shows the tree as of its zxid (data, version, children, absence), whichever server answered;
 * - the transactions follow from one another: none skips a version, creates a znode twice, or belongs to a
 *   closed session.
 */
export function checkModelAgreement(
  history: readonly HistoryEvent[],
  transactions: readonly Transaction[],
): Judgement {
  const operations = operationsOf(history);
  const answered = operations.filter(isJudged).sort((a, b) => zxidOf(a) - zxidOf(b) || rank(a) - rank(b));
  const model = new ModelTree();
  const uncounted = new UncountedClosings(history, operations);
  const apply = (transaction: Transaction) => uncounted.see(transaction, model.apply(transaction));
  const reasons: string[] = [];
  let at = 0;
  let checked = 0;
  for (const operation of answered) {
    const zxid = zxidOf(operation);
    // A write is judged by the tree before it, a read by the tree with everything up to its zxid.
    const upTo = isWrite(operation.invoke.f) ? zxid - 1 : zxid;
    for (let next = transactions[at]; next !== undefined && next.zxid <= upTo; next = transactions[++at])
      apply(next);
    const complaint = isWrite(operation.invoke.f)
      ? complaintOfWrite(operation, transactions[at], { model, uncounted })
      : complaintOfRead(operation, model);
    checked++;
    if (complaint !== undefined)
      reasons.push(
        `operation ${operation.invoke.operation} ${operation.invoke.f} ${operation.invoke.path}: ${complaint}`,
      );
  }
  for (; at < transactions.length; at++) apply(transactions[at]!);
  return judge('model agreement', checked, [...model.complaints, ...reasons]);
}

/** Answers that say something of the agreed tree: not what a server refused by itself, or showed unagreed. */
function isJudged(operation: Operation): boolean {
  const { zxid = 0, error = '', unagreed } = operation.completion ?? {};
  if (zxid === 0 || outcomeOf(operation) === 'info' || unagreed === true) return false;
  const { f, path } = operation.invoke;
  // Members begin with a configuration that no transaction made; see `configurations.ts`.
  if (f === 'getData' && path === CONFIG_PATH) return false;
  return !isWrite(f) || !REFUSED_BY_THE_MEMBER.has(error);
}

/** Codes with which a member refuses a write before it is proposed. */
const REFUSED_BY_THE_MEMBER: ReadonlySet<string> = new Set(['NOTREADONLY', 'EPHEMERALONLOCALSESSION']);

function zxidOf(operation: Operation): number {
  return operation.completion?.zxid ?? 0;
}

/** Orders operations with one zxid: the write comes before the reads. */
function rank({ invoke }: Operation): number {
  return isWrite(invoke.f) ? 0 : 1;
}

/** The tree before a write, and what its leader may have believed beside it. */
interface Before {
  readonly model: ModelTree;
  readonly uncounted: UncountedClosings;
}

function complaintOfWrite(
  { invoke, completion }: Operation,
  transaction: Transaction | undefined,
  before: Before,
): string | undefined {
  const zxid = completion?.zxid ?? 0;
  if (transaction?.zxid !== zxid) return `no transaction ${zxid} was agreed on`;
  const { session, change } = transaction;
  if (session !== invoke.session)
    return `transaction ${zxid} is of session ${session}, not ${invoke.session}`;
  if (completion?.type === 'fail') return complaintOfRefusal(invoke, completion, change, before);
  if (invoke.f === 'multi') return complaintOfMulti(invoke, change);
  if (change.f !== invoke.f) return `transaction ${zxid} is a ${change.f}`;
  if (change.f === 'reconfig')
    return change.value === completion?.value ? undefined : `transaction ${zxid} makes another configuration`;
  if (change.f === 'closeSession') return undefined;
  const told = completion?.version;
  if (change.f === 'setData' && told !== undefined && told !== change.version)
    return `was answered with version ${told}, but transaction ${zxid} makes version ${change.version}`;
  return complaintOfPart({ ...invoke, created: completion?.created }, change);
}

type Part = Pick<HistoryEvent, 'path' | 'value' | 'created'>;

function complaintOfPart(part: Part, change: Change): string | undefined {
  if (!('path' in change)) return `is a ${change.f} among the transactions`;
  const path = part.created ?? part.path;
  if (change.path !== path)
    return `changes ${change.path} among the transactions, but the client was told ${path}`;
  if ('value' in change && change.value !== (part.value ?? null))
    return `holds ${JSON.stringify(change.value)} among the transactions, not ${JSON.stringify(part.value)}`;
  return undefined;
}

function complaintOfMulti(invoke: HistoryEvent, change: Change): string | undefined {
  const parts = invoke.parts ?? [];
  if (change.f !== 'multi' || change.changes.length !== parts.length) return 'is not that multi';
  for (const [index, part] of parts.entries()) {
    const made = change.changes[index] as Change;
    if (made.f === 'error') return `part ${index} failed, and the multi was acknowledged`;
    if (part.f !== 'check' && made.f !== part.f) return `part ${index} is a ${made.f}`;
    const complaint = part.f === 'check' ? undefined : complaintOfPart(part, made);
    if (complaint !== undefined) return `part ${index} ${complaint}`;
  }
  return undefined;
}

function complaintOfRefusal(
  invoke: HistoryEvent,
  completion: HistoryEvent,
  change: Change,
  { model, uncounted }: Before,
): string | undefined {
  const failedMulti = change.f === 'multi' && change.changes.some(part => part.f === 'error');
  if (change.f !== 'error' && !failedMulti)
    return `was refused with ${completion.error}, but was applied as a ${change.f}`;
  if (change.f === 'error' && change.error !== completion.error)
    return `was refused with ${completion.error}, but the transaction has the error ${change.error}`;
  const node = model.nodes.get(invoke.path);
  const justified: Readonly<Record<string, () => boolean>> = {
    // The name of a sequential node is not known before the answer.
    NODEEXISTS: () => node !== undefined || (invoke.flags ?? 0) >= 2,
    BADVERSION: () => node !== undefined && node.version !== invoke.version,
    NOTEMPTY: () =>
      node !== undefined &&
      (node.children.size > 0 || uncounted.mayCount(invoke.path, completion.zxid ?? 0, invoke.index)),
    NONODE: () => node === undefined || invoke.f === 'create',
  };
  if (invoke.f === 'multi') return undefined;
  if (justified[completion.error ?? '']?.() === false)
    return `was refused with ${completion.error}, but the tree before it gives no reason`;
  return undefined;
}

function complaintOfRead({ invoke, completion }: Operation, model: ModelTree): string | undefined {
  if (completion === undefined || invoke.f === 'sync') return undefined;
  const node = model.nodes.get(invoke.path);
  // A znode may be there without data.
  const found = completion.type === 'ok' && (completion.value !== null || completion.version !== undefined);
  if (node === undefined)
    return found ? `found a znode that does not exist at zxid ${completion.zxid}` : undefined;
  if (!found) return `found nothing, but at zxid ${completion.zxid} there is a znode since ${node.mzxid}`;
  if (completion.children !== undefined) return complaintOfChildren(completion, [...node.children]);
  const { version, mzxid, value } = completion;
  if (version !== node.version || mzxid !== node.mzxid)
    return `read version ${version} of ${mzxid}, but at zxid ${completion.zxid} it is ${node.version} of ${node.mzxid}`;
  if (value !== undefined && value !== node.value)
    return `read ${JSON.stringify(value)}, but at zxid ${completion.zxid} it is ${JSON.stringify(node.value)}`;
  return undefined;
}

function complaintOfChildren({ children = [], zxid }: HistoryEvent, wanted: string[]): string | undefined {
  const [a, b] = [[...children].sort().join(' '), wanted.sort().join(' ')];
  return a === b ? undefined : `read children ${a}, but at zxid ${zxid} there are ${b}`;
}
