import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { assert, requirePeer, suite, temporaryFolder } from '#test';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import type { Result } from '../../results/schema.ts';
import { comparisonHtml } from '../compare/html.ts';
import { fixtureComparison } from '../fixtures/comparison.ts';
import { fixtureResult } from '../fixtures/result.ts';
import { renderReport } from './render.ts';

const test = suite('dashboards: report in a browser');
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const DEADLINE_MS = 240_000;
/** Limit for each step. Playwright's default of 30 s is too short for Chromium on a busy machine. */
const STEP_MAX_MS = 120_000;
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and requests for anything but the page. */
  readonly complaints: string[];
}

/** Opens a page offline and passes it on. Any complaint of the page fails the test. */
async function opened(
  content: string,
  widthPx: number,
  body: (opened: Opened) => Promise<void>,
): Promise<void> {
  requirePeer('chromium', existsSync(CHROMIUM), 'to open a report as a reader does');
  const file = join(temporaryFolder(), 'page.html');
  await writeFile(file, content);
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: FLAGS,
    timeout: STEP_MAX_MS,
    // Chromium puts its sockets there, and the path of a socket has at most 108 characters.
    env: { ...process.env, TMPDIR: '/tmp' },
  });
  try {
    const context = await browser.newContext({ viewport: { width: widthPx, height: 800 }, offline: true });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MAX_MS);
    const address = pathToFileURL(file).href;
    const complaints: string[] = [];
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(String(error)));
    page.on('request', request => {
      if (request.url() !== address) complaints.push(`requested ${request.url()}`);
    });
    await page.goto(address);
    await body({ page, complaints });
    assert.equal(complaints, []);
  } finally {
    await browser.close();
  }
}

/**
 * How many charts have a picture, once every one has been drawn. Waits with locators: Playwright's
 * waitForFunction evaluates a text in the page, and from its second look on the report's policy for scripts
 * forbids that.
 */
async function drawn(page: Page): Promise<number> {
  await page.locator('[data-chart]:not([data-drawn-px])').first().waitFor({ state: 'detached' });
  return page.locator('[data-chart]:has(svg)').count();
}

const overflowPx = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

const cutOff = (page: Page) =>
  page.evaluate<number>(
    "[...document.querySelectorAll('#topologies .scroll')].filter(box => box.scrollWidth > box.clientWidth).length",
  );

for (const widthPx of [400, 1200]) {
  test(
    `${widthPx} px: every chart is drawn, nothing complains, nothing scrolls sideways`,
    async () => {
      const result = fixtureResult();
      // The widest text in a cell, as a result with few rounds has it.
      for (const { summary } of result.measurements) summary.confidence = 0.94;
      await opened(await renderReport(result), widthPx, async ({ page }) => {
        assert.is(await overflowPx(page), 0);
        await page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })");
        const charts = await page.locator('[data-chart]').count();
        assert.ok(charts > 10, `only ${charts} charts`);
        assert.is(await drawn(page), charts);
        assert.is(await overflowPx(page), 0, 'with everything unfolded');
        assert.is(await cutOff(page), 0, 'tables of which columns are out of sight');
      });
    },
    { deadlineMs: DEADLINE_MS },
  );
}

test(
  'a number opens its samples with their n, and its line of result.json',
  async () => {
    const result = fixtureResult();
    await opened(await renderReport(result), 1200, async ({ page }) => {
      const number = page.locator('#topologies .number').first();
      const id = await number.getAttribute('data-measurement');
      const measurement = result.measurements.find(item => item.id === id)!;
      assert.match((await number.getAttribute('title')) ?? '', /n 6\): /);
      await number.click();
      const dialog = page.locator('dialog[open]');
      assert.is(await dialog.locator('tbody tr').count(), measurement.samples.length);
      const line = JSON.parse((await dialog.locator('pre').textContent()) ?? '');
      assert.equal(line.samples, measurement.samples);
      await dialog.getByText('Close').click();
      assert.is(await page.locator('dialog[open]').count(), 0);
    });
  },
  { deadlineMs: DEADLINE_MS },
);

test(
  'panels of one load share their axes, name their fault, and show every value of a bucket at the pointer',
  async () => {
    await opened(await renderReport(fixtureResult()), 1200, async ({ page }) => {
      const panels = page.locator('#timelines article').first().locator('[data-chart=timelines]');
      await page.locator('#timelines article:first-of-type svg').nth(2).waitFor();
      assert.is(await panels.count(), 3);
      const ticks: string[] = [];
      for (const panel of await panels.all())
        ticks.push((await panel.locator('[aria-label$="tick label"]').allTextContents()).join(' '));
      assert.ok(ticks[0]!.length > 5, ticks[0]);
      assert.equal([...new Set(ticks)].length, 1, ticks.join(' | '));
      assert.match((await panels.first().textContent()) ?? '', /blackhole: 4 links of v1/);
      await panels.first().hover();
      const tip = (await panels.first().locator('[aria-label=tip]').textContent()) ?? '';
      assert.match(tip, /intended: .*writes\/s.*done: /);
    });
  },
  { deadlineMs: DEADLINE_MS },
);

test(
  'a count of rounds opens their values, their place in result.json, and the faults on their clock',
  async () => {
    const result = fixtureResult();
    await opened(await renderReport(result), 1200, async ({ page }) => {
      const count = page.locator('#timelines [data-rounds]').first();
      assert.is(await count.textContent(), 'n 2');
      await count.click();
      const dialog = page.locator('dialog[open]');
      const [, index = ''] = /timelines\[(\d+)\]/.exec(
        (await dialog.locator('summary').first().textContent()) ?? '',
      )!;
      const timeline = result.timelines[Number(index)]!;
      await dialog.locator('summary').first().click();
      assert.match(
        (await dialog.textContent()) ?? '',
        /injected at 0.42 s, bitten by 1.46 s, healed at 3.74 s/,
      );
      const rows = dialog.locator('details').first().locator('tbody tr');
      assert.is(await rows.count(), timeline.series[0]!.values.length);
      assert.is(await rows.first().locator('td').count(), 1 + timeline.series.length);
      const line = JSON.parse((await dialog.locator('pre').first().textContent()) ?? '');
      assert.equal(line, timeline);
    });
  },
  { deadlineMs: DEADLINE_MS },
);

test(
  'a hostile result runs nothing, and long names do not push the page wide',
  async () => {
    await opened(await renderReport(hostileResult()), 400, async ({ page }) => {
      await drawn(page);
      assert.is(await page.evaluate('window.hostile'), undefined);
      assert.is(await overflowPx(page), 0);
    });
  },
  { deadlineMs: DEADLINE_MS },
);

function hostileResult(): Result {
  const result = minimalResult();
  const hostile = `</script><script>window.hostile=1</script><img src=x onerror="window.hostile=1">${'long'.repeat(40)}`;
  result.topologies[0]!.name = hostile;
  Object.assign(result.measurements[0]!, { topology: hostile, condition: hostile });
  const [timeline] = fixtureResult().timelines;
  Object.assign(timeline!.bands[0]!, { fault: hostile, on: hostile });
  result.timelines.push({ ...timeline!, topology: hostile, condition: hostile });
  Object.assign(result.claims[0]!, { id: hostile, title: hostile, reason: hostile });
  result.limits.push(hostile);
  return result;
}

test(
  'a comparison opens without complaint at 400 px',
  async () => {
    await opened(await comparisonHtml(fixtureComparison()), 400, async ({ page }) => {
      const [comparison] = fixtureComparison().comparisons;
      assert.is(await page.locator('.rows tbody tr').count(), comparison!.rows.length);
      assert.is(await overflowPx(page), 0);
    });
  },
  { deadlineMs: DEADLINE_MS },
);

test(
  'planted: a page that asks the network for something is caught',
  async () => {
    const page = (await renderReport(minimalResult())).replace(
      '</main>',
      '<img src="https://example.invalid/x.png"></main>',
    );
    let caught = '';
    try {
      await opened(page, 400, async () => {});
    } catch (error) {
      if (error instanceof Error && error.name === 'Skip') throw error;
      caught = String(error);
    }
    assert.is.not(caught, '');
  },
  { deadlineMs: DEADLINE_MS },
);
