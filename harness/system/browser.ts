import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { type BrowserContext, type ConsoleMessage, chromium, type Page } from 'playwright-core';
import { testChromium } from './chromium.ts';

/** Sizes of a window in CSS pixels. */
export const SIZES = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 800 },
} as const;

export type TestBrowser = Awaited<ReturnType<typeof startBrowser>>;

/** A page, and what is noted of it and of the others in its profile. */
export type OpenPage = Awaited<ReturnType<TestBrowser['openPage']>>;

interface PageOptions {
  locale?: 'ru-RU' | 'en-US';
  size?: keyof typeof SIZES;
  colorScheme?: 'light' | 'dark';
}

// Enough for any step on a busy machine, well below the runner's limit for a test.
const WAIT_MS = 120_000;

/**
 * Starts the Chromium of the test file, which ends with the test.
 * @param url base address of the console: a request to any other host is a fault
 */
export async function startBrowser(t: TestContext, url: string) {
  if (testChromium === undefined) throw new Error('TEST_CHROMIUM is not set');
  const browser = await chromium.launch({
    executablePath: testChromium,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  t.after(() => browser.close());
  return {
    /** A page in a fresh profile, closed and checked for faults at the end of the test. */
    async openPage(own: TestContext, options: PageOptions = {}) {
      const { locale = 'ru-RU', size = 'desktop', colorScheme = 'light' } = options;
      const context = await browser.newContext({
        baseURL: url,
        locale,
        colorScheme,
        viewport: SIZES[size],
        // An animation changes colours, and its elements cannot be clicked meanwhile.
        reducedMotion: 'reduce',
        hasTouch: size === 'phone',
      });
      context.setDefaultTimeout(WAIT_MS);
      const notes = await watch(context, url);
      own.after(async () => {
        await context.close();
        const faults = notes.faults();
        // The runner shows only the first error of a failed test.
        for (const fault of faults) own.diagnostic(fault);
        assert.deepEqual(faults, [], 'the browser noted faults');
      });
      return { page: await context.newPage(), context, ...notes };
    },
  };
}

interface Note {
  text: string;
  url: string;
}

/** Notes what goes wrong in all pages of a profile. */
async function watch(context: BrowserContext, url: string) {
  const notes: Note[] = [];
  const allowed: Note[] = [];
  context.on('console', (message: ConsoleMessage) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    notes.push({ text: message.text(), url: message.location().url });
  });
  context.on('weberror', (fault) => {
    notes.push({ text: String(fault.error()), url: fault.page()?.url() ?? '' });
  });
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    const inside = protocol === 'data:' || protocol === 'blob:' || origin === new URL(url).origin;
    if (!inside) notes.push({ text: 'asks another host', url: request.url() });
  });
  // Some violations are events of the page only.
  await context.addInitScript(`
    addEventListener('securitypolicyviolation', (event) => {
      console.error('policy: ' + event.effectiveDirective + ' ' + event.blockedURI);
    });
  `);
  const passes = (note: Note) =>
    allowed.some(({ text, url: part }) => note.text.includes(text) && note.url.includes(part));
  return {
    /**
     * Lets pass what would be a fault otherwise: the browser notes every answer of 400 and above,
     * and every request that was not answered.
     * @param text a part of the note, for example the status
     * @param part of the address that it is about
     */
    allow: (text: string, part: string) => void allowed.push({ text, url: part }),
    /** The notes so far that were not allowed. */
    faults: () => notes.filter((note) => !passes(note)).map((note) => `${note.text} ${note.url}`),
  };
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const BARRIERS = ['serious', 'critical'];

interface AxeViolation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/**
 * The accessibility violations that axe finds on the page.
 * @param rules axe's names of the rules to check; all of them when absent
 */
export async function barriersOn(page: Page, rules?: string[]): Promise<string[]> {
  const loaded = await page.evaluate<boolean>("typeof axe !== 'undefined'");
  if (!loaded) await page.evaluate(await readFile(AXE, 'utf8'));
  const options = {
    resultTypes: ['violations'],
    // The frames of letters run no scripts, so axe cannot run there.
    iframes: false,
    ...(rules && { runOnly: rules }),
  };
  const { violations } = await page.evaluate<{ violations: AxeViolation[] }>(
    `axe.run(${JSON.stringify(options)})`,
  );
  return violations
    .filter(({ impact }) => BARRIERS.includes(impact))
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    );
}
