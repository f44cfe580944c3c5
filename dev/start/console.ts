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
import { printError } from '#platform/telemetry/print.ts';

// Builds the web console (console/) to console/dist, which the gateway serves. `npm install` runs
// it, and `npm start` after a change of the sources.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = join(ROOT, 'console');
const CLIENT = join(ROOT, 'client');
const BUILT = join(SOURCES, 'dist');
const SOURCES_MARK = 'sources.txt';
/** The contracts that the console loads (test/import-rules.ts), from its folder. */
const SHARED = ['amounts', 'answer-shapes', 'answers', 'currency', 'order-number', 'patterns'].map(
  (name) => `../contracts/${name}.ts`,
);

/** Whether the build matches the current sources. */
async function isFresh(): Promise<boolean> {
  const mark = await readFile(join(BUILT, SOURCES_MARK), 'utf8').catch(() => null);
  if (!existsSync(join(BUILT, 'index.html'))) return false;
  return mark !== null && mark === (await digestOfSources());
}

/** By content: after a checkout, file times are meaningless. */
async function digestOfSources(): Promise<string> {
  const names = ['../package-lock.json', '../dev/start/console.ts', ...SHARED];
  for await (const name of glob('*.ts', { cwd: CLIENT })) names.push(`../client/${name}`);
  for await (const name of glob('generated/*.ts', { cwd: CLIENT })) names.push(`../client/${name}`);
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
  // Build into a temporary folder, then rename, so that a gateway never serves half a build.
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
        // Older targets would rewrite light-dark() of the styles.
        target: ['chrome123', 'firefox120', 'safari17.5'],
        // The content security policy forbids inline scripts and data: URLs.
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        rolldownOptions: { input: [join(root, 'index.html'), join(root, 'letter.html')] },
      },
    });
    await compressTexts(draft);
    await mkdir(join(BUILT, 'assets'), { recursive: true });
    // Assets first, then the pages that refer to them; old assets stay for open tabs.
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
 * @throws Error of one line where only production packages are installed, or npm ran on a Node that
 *   is too old for some of them
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

/** Vite misreads `#` and `?` in a path as parts of a URL, so it builds behind a symbolic link. */
async function sourcesForVite(): Promise<{ root: string; end(): Promise<void> }> {
  if (!/[#?]/.test(SOURCES)) return { root: SOURCES, end: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-console-'));
  await symlink(ROOT, join(folder, 'checkout'));
  return {
    root: join(folder, 'checkout', 'console'),
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Compresses scripts and styles once, instead of at each request. */
async function compressTexts(folder: string): Promise<void> {
  for await (const name of glob('assets/*.{js,css}', { cwd: folder })) {
    const text = await readFile(join(folder, name));
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(text));
    await writeFile(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
  }
}

// Few tabs stay open for longer without a reload.
const OLD_MS = 7 * 86_400_000;

async function removeOldAssets(): Promise<void> {
  for await (const name of glob('assets/*', { cwd: BUILT })) {
    const { mtimeMs } = await stat(join(BUILT, name));
    if (Date.now() - mtimeMs > OLD_MS) await rm(join(BUILT, name));
  }
}

// A build takes a second. On a stalled machine the start goes on without the console.
const BUILD_TIMEOUT_MS = 60_000;

/**
 * Builds the console where needed, in a child process, which frees the memory of the build. Never
 * throws.
 * @param umask for the build, which is no secret: a gateway of another user may serve it
 * @returns a line for the screen when the build failed; everything else works without it
 */
export async function ensureConsole(umask = process.umask()): Promise<string | null> {
  // The npm package has the build only.
  if (!existsSync(join(SOURCES, 'main.tsx'))) return null;
  try {
    if (await isFresh()) return null;
    const args = [fileURLToPath(import.meta.url), `--umask=${umask}`];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: BUILD_TIMEOUT_MS,
    });
    const [code] = await once(child, 'exit');
    if (code === 0) return null;
  } catch (error) {
    printError(`The web console was not built: ${describeError(error)}`);
  }
  const stale = existsSync(join(BUILT, 'index.html'));
  return `The web console could not be built; ${stale ? 'an older one is' : 'none is'} served.`;
}

if (import.meta.main) {
  const umask = process.argv.find((word) => word.startsWith('--umask='))?.slice('--umask='.length);
  if (umask !== undefined) process.umask(Number(umask));
  try {
    if (!(await isFresh())) await build();
  } catch (error) {
    // Expected where only production dependencies are installed: an image contains dist.
    printError(`The web console was not built: ${describeError(error)}`);
    // `npm install` must not fail; `ensureConsole` reads the exit code.
    process.exitCode = process.argv.includes('--optional') ? 0 : 1;
  }
}
