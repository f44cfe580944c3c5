import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('a line of the log is JSON whose texts cannot steer a terminal', () => {
  const text = 'a\u001b[2J\u009b\u202e\u2066\u200f\u061c\u2028\u200b\u007f\u{e0041}я📚"\\\n';
  const log = new URL('log.ts', import.meta.url);
  const code = `import { createLog } from ${JSON.stringify(log)};
    const [text] = process.argv.slice(-1);
    createLog('orders', 'info').error({ err: new Error(text), [text]: [text] }, text);`;
  const line = execFileSync(process.execPath, ['--input-type=module', '-e', code, text], {
    encoding: 'utf8',
  });
  assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  const { err, msg, ...more } = JSON.parse(line);
  assert.deepEqual([err.message, msg, more[text]], [text, text, [text]]);
});
