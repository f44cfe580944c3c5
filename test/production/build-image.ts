import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Copy, DockerfileParser } from 'dockerfile-ast';

// Builds what `docker build` would, without a container engine: it interprets the Dockerfile, with
// a folder for each stage and the Node of this process in place of the base image.

const ROOT = join(import.meta.dirname, '..', '..');
export const DOCKERFILE = join(ROOT, 'Dockerfile');

/** The last stage of the Dockerfile. */
export interface Image {
  /** Its files, without those of the base image. */
  root: string;
  /** The folder in which it runs. */
  workdir: string;
  env: Record<string, string>;
  user: string;
  entrypoint: string[];
  command: string[];
  healthcheck: string[];
}

/** @param folder where the stages are made */
export async function buildImage(folder: string): Promise<Image> {
  const stages = new Map<string, Image>();
  const context = await readContext();
  let stage: Image | undefined;
  const text = await readFile(DOCKERFILE, 'utf8');
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const words = (instruction.getArgumentsContent() ?? '').split(/\s+/);
    if (instruction.getKeyword() === 'FROM') {
      const [base = '', , name = `stage-${stages.size}`] = words;
      stage = await openStage(join(folder, name), base);
      stages.set(name, stage);
      continue;
    }
    if (stage === undefined) throw new Error('the Dockerfile does not begin with FROM');
    const origin = (instruction as Copy).getFromFlag?.()?.getValue();
    const from = stages.get(origin ?? '');
    await interpret(stage, instruction.getKeyword(), instruction.getArgumentsContent() ?? '', {
      copy: (path, target) =>
        from === undefined
          ? copyContext(context, path, target)
          : cp(join(from.root, path), target, { recursive: true }),
    });
  }
  if (stage === undefined) throw new Error('the Dockerfile is empty');
  return stage;
}

async function openStage(root: string, base: string): Promise<Image> {
  const version = /^node:(.*)-slim$/.exec(base)?.[1];
  if (version !== process.versions.node) {
    throw new Error(`the base image ${base} is not this Node ${process.versions.node}`);
  }
  await mkdir(root);
  return {
    ...{ root, workdir: root, env: {}, user: '0:0' },
    ...{ entrypoint: [], command: [], healthcheck: [] },
  };
}

interface Sources {
  copy: (path: string, target: string) => Promise<void>;
}

async function interpret(
  stage: Image,
  keyword: string,
  content: string,
  { copy }: Sources,
): Promise<void> {
  switch (keyword) {
    case 'WORKDIR':
      stage.workdir = join(stage.root, content);
      await mkdir(stage.workdir, { recursive: true });
      return;
    case 'ENV':
      for (const [, name = '', value = ''] of content.matchAll(/(\w+)=(\S+)/g)) {
        stage.env[name] = value;
      }
      return;
    case 'COPY': {
      const paths = content.split(/\s+/);
      const target = paths.pop() as string;
      const to = target.startsWith('/') ? join(stage.root, target) : join(stage.workdir, target);
      for (const path of paths) {
        await copy(path, target.endsWith('/') ? join(to, basename(path)) : to);
      }
      return;
    }
    case 'RUN':
      return run(stage, content);
    case 'USER':
      stage.user = content;
      return;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(/\bCMD (.*)$/s.exec(content)?.[1] ?? '');
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(content);
      return;
    case 'CMD':
      stage.command = JSON.parse(content);
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`this test does not know ${keyword}`);
  }
}

// Variables of the npm and the Node that run the tests: they would change what a command does.
const OF_THE_RUN =
  /^(?:npm_(?!config_)|npm_config_local_prefix|NODE_(?!EXTRA_CA|USE_ENV)|INIT_CWD)/;

async function run({ workdir, env }: Image, command: string): Promise<void> {
  const own = Object.entries(process.env).filter(([name]) => !OF_THE_RUN.test(name));
  const child = spawn('sh', ['-ec', command], {
    cwd: workdir,
    env: {
      ...Object.fromEntries(own),
      ...env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      npm_config_prefer_offline: 'true',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`RUN ${command}: ${complaint}`);
}

/** The files that `docker build` sends to the builder: those that .dockerignore leaves. */
async function readContext(): Promise<string[]> {
  const rules = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  // The last rule that matches the file or a folder of it decides.
  const isKept = (path: string) =>
    rules.findLast(({ pattern }) => foldersOf(path).some((each) => pattern.test(each)))?.keeps ??
    true;
  return (await filesIn('')).filter(isKept);
}

/** Unlike a shell's, such a pattern matches names that begin with a dot. */
function patternOf(text: string): RegExp {
  const escaped = text.replaceAll('.', '\\.').replaceAll('**/', '\0');
  return new RegExp(`^${escaped.replaceAll('*', '[^/]*').replaceAll('\0', '(?:.*/)?')}$`);
}

const NOT_OURS = ['node_modules', '.git', '.orderbell'];

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true });
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.includes(entry.name) ? [] : filesIn(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function copyContext(context: string[], path: string, target: string): Promise<void> {
  const files = context.filter((file) => file === path || file.startsWith(`${path}/`));
  if (files.length === 0) throw new Error(`.dockerignore leaves nothing of ${path}`);
  for (const file of files) {
    const to = join(target, file.slice(path.length));
    await mkdir(dirname(to), { recursive: true });
    await cp(join(ROOT, file), to);
  }
}
