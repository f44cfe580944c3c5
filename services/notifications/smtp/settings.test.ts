import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { ConfigError, loadConfig, settingsSchema } from '#platform/config/load-config.ts';
import { dkimRule, mailerSettings, mailSettings, senderOf } from './settings.ts';

const load = (env: Record<string, string>) =>
  loadConfig('notifications', settingsSchema(mailSettings, dkimRule), {
    SMTP_URL: 'smtp://a.test',
    ...env,
  });

function problemsOf(env: Record<string, string>): string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('several mail servers are a list, and a wrong one is named by its place, not its text', () => {
  const { urls } = mailerSettings(load({ SMTP_URL: 'smtp://u:a%2Cb@a.test, smtps://b.test' }));
  assert.deepEqual(urls, ['smtp://u:a%2Cb@a.test', 'smtps://b.test']);
  const [problem = ''] = problemsOf({ SMTP_URL: 'smtp://a.test,http://u:secret@b.test' });
  assert.match(problem, /^SMTP_URL must look like smtp:.* \(entry 2\)$/);
  assert.doesNotMatch(problem, /secret/);
});

test('DKIM has all of its settings or none', () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const all = {
    DKIM_DOMAIN: 'a.test',
    DKIM_SELECTOR: 's1',
    DKIM_PRIVATE_KEY: pem.trim().replaceAll('\n', '\\n'),
  };
  assert.deepEqual(mailerSettings(load(all)).dkim, {
    domain: 'a.test',
    selector: 's1',
    privateKey: pem.trim(),
  });
  assert.equal(mailerSettings(load({})).dkim, undefined);
  assert.deepEqual(problemsOf({ DKIM_DOMAIN: 'a.test', DKIM_SELECTOR: 's1' }), [
    'DKIM_PRIVATE_KEY must be set too, as DKIM settings go together: all three or none',
  ]);
});

test('headers that are not asked for are not in the letters', () => {
  assert.deepEqual(Object.keys(senderOf(load({}))), ['from', 'messageIdOf']);
  const sender = senderOf(
    load({ MAIL_REPLY_TO: 'a@b.test', MAIL_LIST_UNSUBSCRIBE: 'mailto:u@b.test' }),
  );
  assert.deepEqual([sender.replyTo, sender.unsubscribe], ['a@b.test', 'mailto:u@b.test']);
});
