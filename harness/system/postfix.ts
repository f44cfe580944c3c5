import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '#dev/files/free-port.ts';
import { findTool } from './tools.ts';

const run = promisify(execFile);

/** Why this process cannot start Postfix although it is there, or false. */
export const cannotStartPostfix = process.getuid?.() === 0 ? false : 'Postfix starts as root only';

interface PostfixOptions {
  /** Where it relays all mail to: `127.0.0.1:port`. */
  relayTo: string;
  cert: string;
  key: string;
  /** Lines of main.cf. */
  settings?: Record<string, string>;
}

// Of Postfix's own master.cf the services that a relay needs, none in a chroot.
const SERVICES = [
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'rewrite unix - - n - - trivial-rewrite',
  ...['bounce', 'defer', 'trace'].map((name) => `${name} unix - - n - 0 bounce`),
  'proxymap unix - - n - - proxymap',
  'smtp unix - - n - - smtp',
  ...['error', 'retry'].map((name) => `${name} unix - - n - - error`),
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'postlog unix-dgram n - n - 1 postlogd',
];

/** A Postfix of its own on 127.0.0.1 that relays; it ends with the test. */
export async function startPostfix(t: TestContext, options: PostfixOptions) {
  const postfix = findTool('postfix');
  if (postfix === null) throw new Error('there is no postfix');
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-postfix-'));
  t.after(async () => {
    // Its command reads the folder, so the folder goes last.
    await command('abort').catch(() => {});
    await rm(folder, { recursive: true, force: true });
  });
  const command = (verb: string) => run(postfix, ['-c', join(folder, 'config'), verb]);
  // Its processes run as another user.
  await chmod(folder, 0o755);
  const [config, queue, data] = ['config', 'queue', 'data'].map((name) => join(folder, name));
  for (const each of [config, queue, data]) await mkdir(each as string);
  await run('chown', ['postfix', data as string]);
  const port = await freePort();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writeFile(files.cert, options.cert);
  await writeFile(files.key, options.key, { mode: 0o600 });
  const logFile = join(folder, 'log');
  const settings = {
    compatibility_level: '3.6',
    queue_directory: queue,
    data_directory: data,
    daemon_directory: '/usr/lib/postfix/sbin',
    maillog_file: logFile,
    maillog_file_prefixes: folder,
    myhostname: 'relay.test',
    mydestination: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    alias_maps: '',
    relayhost: options.relayTo.replace(/^(.*):/, '[$1]:'),
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    smtpd_tls_cert_file: files.cert,
    smtpd_tls_key_file: files.key,
    smtpd_tls_security_level: 'may',
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  await writeFile(join(config as string, 'main.cf'), `${lines.join('\n')}\n`);
  const services = [`127.0.0.1:${port} inet n - n - - smtpd`, ...SERVICES];
  await writeFile(join(config as string, 'master.cf'), `${services.join('\n')}\n`);
  await command('start');
  return {
    host: `127.0.0.1:${port}`,
    url: `smtp://127.0.0.1:${port}`,
    readLog: () => readFile(logFile, 'utf8').catch(() => ''),
  };
}
