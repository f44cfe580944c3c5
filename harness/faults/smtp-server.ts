import type { TestContext } from 'node:test';
import {
  openSmtpServer,
  type TestSmtpOptions,
  type TestSmtpServer,
} from '#dev/faults/smtp-server.ts';

export * from '#dev/faults/smtp-server.ts';

/** A small SMTP server that closes itself after the test. */
export async function startTestSmtpServer(
  t: TestContext,
  options: TestSmtpOptions = {},
): Promise<TestSmtpServer> {
  const server = await openSmtpServer(options);
  t.after(() => server.close());
  return server;
}
