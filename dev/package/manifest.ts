/** The members of the checkout's package.json that a package takes over, and the script of a start. */
export interface RootManifest {
  scripts: { start: string };
  [member: string]: unknown;
}

const TAKEN = [
  ...['name', 'version', 'description', 'license', 'type', 'engines'],
  ...['dependencies', 'optionalDependencies', 'scarfSettings'],
];

/** The folders whose sources are emitted. */
export const EMITTED = ['cli', 'client', 'contracts', 'dev', 'platform', 'services'];

/**
 * The package.json of the npm package.
 * @param hasTesting whether the test kit is part of it
 * @throws Error when the script `start` is not what the package can repeat
 */
export function packageManifest(root: RootManifest, hasTesting: boolean): object {
  const kit = { types: './dev/testing/testing.d.ts', default: './dev/testing/testing.js' };
  return {
    ...Object.fromEntries(TAKEN.map((name) => [name, root[name]])),
    keywords: ['orders', 'payments', 'wallet', 'outbox', 'kafka', 'notifications'],
    bin: { orderbell: './dev/package/orderbell.cjs' },
    exports: { ...(hasTesting && { './testing': kit }), './package.json': './package.json' },
    // The sources name modules by `.ts`, which a relative import loses when it is emitted.
    imports: Object.fromEntries(
      EMITTED.filter((folder) => folder !== 'cli').map((folder) => [
        `#${folder}/*.ts`,
        `./${folder}/*.js`,
      ]),
    ),
    files: [...EMITTED, 'console', 'docs', 'CHANGELOG.md'],
    // Read by dev/package/orderbell.cjs.
    orderbell: { start: startOptions(root.scripts.start) },
  };
}

const START = /^((?:\w+=\S+ )*)exec node ((?:--\S+ )+)dev\/run\.cjs --env dev\/start\.ts$/;

/** The options of Node and the environment with which `npm start` begins. */
function startOptions(script: string): { nodeOptions: string[]; env: Record<string, string> } {
  const [, variables = '', options] = START.exec(script) ?? [];
  if (options === undefined) throw new Error(`the script start has another form: ${script}`);
  const env = Object.fromEntries(
    variables
      .trim()
      .split(' ')
      .map((variable) => variable.split('=') as [string, string])
      // Emitted code needs no stripping of types, which the cache saves.
      .filter(([name]) => name !== 'NODE_COMPILE_CACHE'),
  );
  return { nodeOptions: options.trim().split(' '), env };
}
