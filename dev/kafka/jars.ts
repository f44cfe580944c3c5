import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Sets of jars, each with a pom in this folder; debezium is Kafka Connect with Debezium, tools are
 * the classes behind `kafka-topics.sh` and the like.
 */
type JarSet = 'kafka' | 'debezium' | 'tools';
const JAVA_MIN = 17;
// For forty to seventy files. A longer download is reported as a missing network.
const DOWNLOAD_TIMEOUT_MS = 300_000;
const VERSION_TIMEOUT_MS = 30_000;

/** This machine cannot run Kafka. The message says what is missing. */
export class KafkaUnavailableError extends Error {
  constructor(reason: string) {
    super(`Apache Kafka cannot run here: ${reason}`);
    this.name = 'KafkaUnavailableError';
  }
}

/**
 * The jars of Apache Kafka or of Kafka Connect. Maven fetches them at the first call.
 * @param home where they are stored, for example `<checkout>/.orderbell`
 * @returns the folder of the jars
 * @throws KafkaUnavailableError without Java 17, Maven or its repository
 */
export async function ensureKafkaJars(home: string, set: JarSet = 'kafka'): Promise<string> {
  await requireJava();
  const pom = join(import.meta.dirname, `${set}.pom.xml`);
  // Named by its content, so that versions do not mix.
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const folder = join(home, 'kafka', `jars-${digest}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.new-${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await run(
      'mvn',
      ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${draft}`],
      { timeout: DOWNLOAD_TIMEOUT_MS },
    );
    await rename(draft, folder);
  } catch (error) {
    // A parallel start was faster: its folder has the same content.
    if (existsSync(folder)) return folder;
    throw new KafkaUnavailableError(`Maven could not fetch it (${firstLineOf(error)})`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

async function requireJava(): Promise<void> {
  let version: string;
  try {
    // Java prints its version to standard error.
    version = (await run('java', ['-version'], { timeout: VERSION_TIMEOUT_MS })).stderr;
  } catch (error) {
    throw new KafkaUnavailableError(`there is no Java (${firstLineOf(error)})`);
  }
  const major = Number(/version "(\d+)/.exec(version)?.[1]);
  if (!(major >= JAVA_MIN)) {
    throw new KafkaUnavailableError(`it needs Java ${JAVA_MIN}, this is ${version.split('\n')[0]}`);
  }
}

function firstLineOf(error: unknown): string {
  const { stdout = '', message = String(error) } = error as { stdout?: string; message?: string };
  // Maven prints its errors to standard output.
  return (stdout.trim() || message).split('\n', 1)[0] as string;
}
