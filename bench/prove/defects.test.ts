import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { after, before, test } from 'node:test';
import { defects } from './defects.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RUN_TIMEOUT_MS = 120_000;
const NOT_COPIED = ['node_modules', '.git', '.orderbell'];

/** A copy of the product to break, with the libraries of this one. */
async function copyProduct(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'orderbell-defect-'));
  await cp(ROOT, copy, {
    recursive: true,
    filter: (source) => !NOT_COPIED.includes(relative(ROOT, source).split(sep)[0] as string),
  });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function prove(copy: string, points: string[]): Promise<{ code: number; said: string }> {
  const args = ['--minutes', '0', '--seed', '1', '--embedded'];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(copy, 'bench', 'prove.ts'), ...args, ...points.flatMap((name) => ['--points', name])],
      { timeout: RUN_TIMEOUT_MS },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
      },
    );
  });
}

let copy = '';
before(async () => {
  copy = await copyProduct();
});
after(() => rm(copy, { recursive: true, force: true }));

for (const { name, file, from, to, points, found } of defects) {
  test(`prove turns red: ${name}`, async () => {
    const path = join(copy, file);
    const text = await readFile(path, 'utf8');
    assert.equal(text.split(from).length, 2, `${file} has the text to break exactly once`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
    try {
      const { code, said } = await prove(copy, points);
      assert.match(said, found);
      assert.equal(code, 1, said);
    } finally {
      await writeFile(path, text);
    }
  });
}
