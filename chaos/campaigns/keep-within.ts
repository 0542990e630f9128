/** Removes folders of runs and of campaigns beyond what is kept, on disk. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CAMPAIGN_FILE, type CampaignResult, type CampaignRun } from '../../results/campaign.ts';
import { type KeptFolder, type RetentionLimits, surplus } from '../../results/retention.ts';

/** Of one campaign: the oldest runs that did not fail go first. What they showed stays in the result. */
export function keepWithin(folder: string, runs: CampaignRun[], maxBytes: number): void {
  const failed = new Set(runs.filter(({ outcome }) => outcome === 'failed').map(({ path }) => path));
  const folders = foldersIn(folder).map(path => kept(path, failed.has(path)));
  for (const { path } of surplus(folders, { maxAgeMs: Number.POSITIVE_INFINITY, maxBytes }, Date.now())) {
    rmSync(path, { recursive: true, force: true });
    for (const [at, run] of runs.entries()) if (run.path === path) runs[at] = { ...run, path: undefined };
  }
}

/**
 * Of all campaigns: what is too old, and then the oldest without a failure.
 * @param root has a folder for each campaign
 * @param present stays, whatever its size
 */
export function keepCampaigns(root: string, limits: RetentionLimits, present: string): string[] {
  const folders = foldersIn(root)
    .filter(path => path !== present)
    .map(path => kept(path, hasFailures(path)));
  const gone = surplus(folders, limits, Date.now()).map(({ path }) => path);
  for (const path of gone) rmSync(path, { recursive: true, force: true });
  return gone;
}

/** Another lab may write into a folder meanwhile, or remove it. What is gone has no size. */
function kept(path: string, isPinned: boolean): KeptFolder {
  const stat = statSync(path, { throwIfNoEntry: false });
  return { path, at: stat?.mtimeMs ?? 0, bytes: stat === undefined ? 0 : bytesIn(path), isPinned };
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => join(folder, name));
}

function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + sizeOf(join(parentPath, name)), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** A campaign that was killed has a result of its runs so far; one without any is of no use. */
function hasFailures(folder: string): boolean {
  try {
    const { runs } = JSON.parse(readFileSync(join(folder, CAMPAIGN_FILE), 'utf8')) as CampaignResult;
    return runs.some(({ outcome }) => outcome === 'failed');
  } catch {
    return false;
  }
}
