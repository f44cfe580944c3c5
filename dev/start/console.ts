import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  glob,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describeError } from '#platform/errors.ts';

// Builds the web console (console/) to console/dist, which the gateway serves. `npm install` does
// it, and `npm start` where the sources have changed since.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = join(ROOT, 'console');
const BUILT = join(SOURCES, 'dist');
const SOURCES_MARK = 'sources.txt';
/** The contracts that the console loads (test/import-rules.ts), from its folder. */
const SHARED = ['amounts', 'answer-shapes', 'answers', 'currency'].map(
  (name) => `../contracts/${name}.ts`,
);

/** Whether what is built was made from the sources that are there now. */
async function isFresh(): Promise<boolean> {
  const mark = await readFile(join(BUILT, SOURCES_MARK), 'utf8').catch(() => null);
  if (!existsSync(join(BUILT, 'index.html'))) return false;
  return mark !== null && mark === (await digestOfSources());
}

/** By content: times of files tell nothing after a checkout. */
async function digestOfSources(): Promise<string> {
  const names = ['../package-lock.json', '../dev/start/console.ts', ...SHARED];
  for await (const name of glob('**/*.{ts,tsx,css,html,svg}', {
    cwd: SOURCES,
    exclude: (path) => path === 'dist',
  })) {
    names.push(name);
  }
  const digest = createHash('sha256');
  for (const name of names.sort()) {
    digest.update(`${name}\0`).update(await readFile(join(SOURCES, name)));
  }
  return digest.digest('hex');
}

async function build(): Promise<void> {
  const { build: bundle } = await importVite();
  const digest = await digestOfSources();
  // Built into a folder of its own, then renamed: a gateway never serves half a build.
  const draft = join(SOURCES, 'dist', `.draft-${process.pid}`);
  const { root, end } = await sourcesForVite();
  try {
    await bundle({
      configFile: false,
      root,
      resolve: { preserveSymlinks: root !== SOURCES },
      logLevel: 'warn',
      build: {
        outDir: draft,
        emptyOutDir: true,
        // light-dark() of the styles, which older targets would have rewritten.
        target: ['chrome123', 'firefox120', 'safari17.5'],
        // The policy of the pages allows no inline script and no data: address.
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        rolldownOptions: { input: [join(root, 'index.html'), join(root, 'letter.html')] },
      },
    });
    await compressTexts(draft);
    await mkdir(join(BUILT, 'assets'), { recursive: true });
    // New assets first and the pages that name them last; old ones stay for tabs that are open.
    for await (const name of glob('assets/*', { cwd: draft })) {
      await rename(join(draft, name), join(BUILT, name));
    }
    for (const name of ['letter.html', 'index.html']) {
      await rename(join(draft, name), join(BUILT, name));
    }
    await writeFile(join(BUILT, SOURCES_MARK), digest);
  } finally {
    await rm(draft, { recursive: true, force: true });
    await end();
  }
  await removeOldAssets();
}

/**
 * @throws Error of one line where only the packages of production are installed, or npm ran on a
 *   Node that is too old for a part of them
 */
async function importVite() {
  try {
    return await import('vite');
  } catch (error) {
    const [why] = String((error as Error).message).split('\n');
    const cure = 'run "npm install --include=dev" on Node 20.19, 22.12 or newer';
    throw new Error(`its tools do not load (${why}): ${cure}`);
  }
}

/** Vite takes `#` and `?` in a path for those of an address: it then works behind a link. */
async function sourcesForVite(): Promise<{ root: string; end(): Promise<void> }> {
  if (!/[#?]/.test(SOURCES)) return { root: SOURCES, end: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-console-'));
  await symlink(ROOT, join(folder, 'checkout'));
  return {
    root: join(folder, 'checkout', 'console'),
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Beside each script and style what browsers rather take; done here once, not with each request. */
async function compressTexts(folder: string): Promise<void> {
  for await (const name of glob('assets/*.{js,css}', { cwd: folder })) {
    const text = await readFile(join(folder, name));
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(text));
    await writeFile(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
  }
}

// Longer than a tab stays open without a reload, mostly.
const OLD_MS = 7 * 86_400_000;

async function removeOldAssets(): Promise<void> {
  for await (const name of glob('assets/*', { cwd: BUILT })) {
    const { mtimeMs } = await stat(join(BUILT, name));
    if (Date.now() - mtimeMs > OLD_MS) await rm(join(BUILT, name));
  }
}

// It takes a second; on a machine that stands still nobody waits for more than the console.
const BUILD_TIMEOUT_MS = 60_000;

/**
 * Builds the console in a process of its own where that is needed, whose memory goes with it. Never
 * throws.
 * @returns a line for the screen when it could not; everything else works without it
 */
export async function ensureConsole(): Promise<string | null> {
  try {
    if (await isFresh()) return null;
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: BUILD_TIMEOUT_MS,
    });
    const [code] = await once(child, 'exit');
    if (code === 0) return null;
  } catch (error) {
    console.error(`The web console was not built: ${describeError(error)}`);
  }
  const stale = existsSync(join(BUILT, 'index.html'));
  return `The web console could not be built; ${stale ? 'an older one is' : 'none is'} served.`;
}

if (import.meta.main) {
  try {
    if (!(await isFresh())) await build();
  } catch (error) {
    // As when only the dependencies of production are installed: an image brings dist with it.
    console.error(`The web console was not built: ${describeError(error)}`);
    // `npm install` goes on; who waits for the console sees the code.
    process.exitCode = process.argv.includes('--optional') ? 0 : 1;
  }
}
