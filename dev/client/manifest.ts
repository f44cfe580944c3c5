/** What the client's manifest takes from that of the project. */
export interface ClientManifest {
  version: string;
  license: string;
  dependencies: Record<string, string>;
}

const KAFKA = '@platformatic/kafka';
const SCHEMA = 'order-update-message.schema.json';

/**
 * The package.json of @orderbell/client.
 * @param hasEvents whether the package has the module that reads the topic
 */
export function clientManifest(root: ClientManifest, hasEvents: boolean): object {
  const entry = (name: string) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
  return {
    name: '@orderbell/client',
    version: root.version,
    description: 'The client of the Orderbell API: typed, and never done twice',
    license: root.license,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.3.0' },
    exports: {
      '.': entry('client/client'),
      ...(hasEvents && {
        './events': entry('client/events/events'),
        [`./${SCHEMA}`]: `./client/events/${SCHEMA}`,
      }),
      './package.json': './package.json',
    },
    // Only for ./events: the client itself needs nothing but fetch.
    ...(hasEvents && {
      peerDependencies: { [KAFKA]: `^${root.dependencies[KAFKA]}` },
      peerDependenciesMeta: { [KAFKA]: { optional: true } },
    }),
  };
}
