import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse, parseAllDocuments } from 'yaml';
import { findTool } from '#harness/system/tools.ts';

// Reads compose.yaml and deploy/kubernetes as their programs do, for test/production/manifests.test.ts.

export const ROOT = join(import.meta.dirname, '..', '..');
const EXAMPLE = join('deploy', 'kubernetes', 'example');

// biome-ignore lint/suspicious/noExplicitAny: documents of outside formats, checked by schemas.
export type Document = any;

/** A process of the image as a manifest starts it. */
export interface Container {
  /** For messages: where it is. */
  where: string;
  /** The service whose code it runs. */
  service: string;
  script: string;
  /** Values of settings, those in files too. */
  env: Record<string, string>;
  /** Names of the files that it is given. */
  secrets: string[];
  /** Names of the files that its settings name. */
  named: string[];
}

/** Writes an installation as `npm run new-installation` does. */
function newInstallation(folder: string, ...options: string[]): void {
  const script = ['dev/run.cjs', 'dev/installation/new-installation.ts'];
  execFileSync(process.execPath, [...script, ...options, '--out', folder], { cwd: ROOT });
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-manifests-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function readCompose(): Promise<Document> {
  return parse(await readFile(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true });
}

/** The processes of our image in compose.yaml, with a new installation. */
export async function composeContainers(t: TestContext): Promise<Container[]> {
  const { services, secrets } = await readCompose();
  const folder = await temporaryFolder(t);
  newInstallation(join(folder, 'installation'), '--compose');
  const ours = Object.entries<Document>(services).filter(([, { build }]) => build !== undefined);
  return Promise.all(
    ours.map(async ([name, { command, env_file, environment, secrets: given }]) => {
      const files = new Map<string, string>();
      for (const secret of given) {
        const text = await readFile(join(folder, secrets[secret].file), 'utf8');
        files.set(`/run/secrets/${secret}`, text);
      }
      const shared = await readFile(join(folder, env_file), 'utf8');
      const env = Object.entries({ ...linesOf(shared), ...environment }).map(
        ([key, value]): [string, string] => [key, String(value)],
      );
      return containerOf(`compose.yaml, ${name}`, command[0], env, files);
    }),
  );
}

/**
 * The objects of the example: with an issuer of one's own, or with the identity service.
 * @param tls whether with the component `tls`
 */
export async function buildExample(
  t: TestContext,
  issuer?: string,
  tls = false,
): Promise<Document[]> {
  const folder = await temporaryFolder(t);
  await cp(join(ROOT, 'deploy', 'kubernetes'), join(folder, 'deploy', 'kubernetes'), {
    recursive: true,
    filter: (path) => basename(path) !== 'installation',
  });
  const example = join(folder, EXAMPLE);
  newInstallation(
    join(example, 'installation'),
    ...['--postgres', 'db.example', '--kafka', 'kafka.example:9092'],
    ...['--smtp', 'smtp://mail.example', '--mail-from', 'Orders <orders@shop.example>'],
    ...['--public-url', 'https://shop.example'],
    ...(issuer === undefined ? [] : ['--issuer', issuer]),
  );
  if (issuer === undefined) {
    const file = join(example, 'kustomization.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace('  - ../own-issuer\n', '').replaceAll(/^# (?= *(?:- |files:))/gm, '  '),
    );
  }
  if (tls) {
    const file = join(example, 'kustomization.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('# - ../tls', '- ../tls'));
  }
  const kubectl = findTool('kubectl') as string;
  const built = execFileSync(kubectl, ['kustomize', example], { encoding: 'utf8' });
  return parseAllDocuments(built).map((document) => document.toJS());
}

/** The pods' containers of built objects. */
export function kubernetesContainers(objects: Document[]): Container[] {
  const dataOf = (kind: string, name: string) =>
    objects.find((each) => each.kind === kind && each.metadata.name === name)?.data;
  return podsOf(objects).map(({ name, pod }) => {
    const [{ args, env, envFrom = [], volumeMounts }] = pod.containers;
    const files = new Map<string, string>();
    const { secretName } = pod.volumes.find((each: Document) => each.secret).secret;
    const { mountPath } = volumeMounts.find((each: Document) => each.name === 'secrets');
    for (const [key, value] of Object.entries<string>(dataOf('Secret', secretName))) {
      files.set(`${mountPath}/${key}`, Buffer.from(value, 'base64').toString());
    }
    const shared = envFrom.map(({ configMapRef }: Document) =>
      dataOf('ConfigMap', configMapRef.name),
    );
    const own = env.map((each: Document) => [each.name, each.value]);
    const all = Object.entries<string>({
      ...Object.assign({}, ...shared),
      ...Object.fromEntries(own),
    });
    return containerOf(`Kubernetes, ${name}`, args[0], all, files);
  });
}

/** The pods that built objects start, with the names of their owners. */
export function podsOf(objects: Document[]) {
  return objects
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
    .map(({ kind, metadata, spec }) => ({
      kind,
      name: metadata.name as string,
      labels: spec.template.metadata.labels as Record<string, string>,
      pod: spec.template.spec,
    }));
}

function containerOf(
  where: string,
  script: string,
  all: [string, string][],
  files: Map<string, string>,
): Container {
  const named: string[] = [];
  const env = all.map(([name, value]) => {
    if (!name.endsWith('_FILE')) return [name, value];
    named.push(basename(value));
    const text = files.get(value);
    if (text === undefined) throw new Error(`${where}: ${name} names ${value}, which it lacks`);
    return [name.slice(0, -'_FILE'.length), text];
  });
  const service = /^services\/(\w+)\//.exec(script)?.[1] ?? '';
  const secrets = [...files.keys()].map((path) => basename(path));
  return { where, service, script, env: Object.fromEntries(env), secrets, named };
}

/** The environment files of containers: quotes are part of a value. */
function linesOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)));
}

/** Checks documents by a published schema, which knows no member that it does not name. */
export async function schemaCheck(name: 'compose' | 'kubernetes') {
  const schema = JSON.parse(
    await readFile(join(import.meta.dirname, 'schemas', `${name}.json`), 'utf8'),
  );
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const faultsOf = (validate: ValidateFunction, document: unknown): string[] =>
    validate(document) ? [] : [ajv.errorsText(validate.errors)];
  if (name === 'compose') return (document: Document) => faultsOf(ajv.compile(schema), document);
  ajv.addSchema(schema, 'kubernetes');
  return (document: Document): string[] => {
    // networking.k8s.io/v1 NetworkPolicy is io.k8s.api.networking.v1.NetworkPolicy.
    const [version, group = 'core'] = document.apiVersion.split('/').reverse();
    const kind = `io.k8s.api.${group.replace(/\.k8s\.io$/, '')}.${version}.${document.kind}`;
    if (!(kind in schema.$defs)) return [`there is no ${kind}`];
    const validate = ajv.getSchema(`kubernetes#/$defs/${kind}`) as ValidateFunction;
    return faultsOf(validate, document).map(
      (fault) => `${document.kind} ${document.metadata.name}: ${fault}`,
    );
  };
}
