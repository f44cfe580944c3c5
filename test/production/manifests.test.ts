import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TObject } from 'typebox';
import { parse } from 'yaml';
import { loadServices } from '#dev/system/services.ts';
import { calleesOf } from '#dev/system/wiring.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';
import { loadConfig, mergeSettings } from '#platform/config/load-config.ts';
import { RunSettings } from '#platform/service/run.ts';
import {
  buildExample,
  type Container,
  composeContainers,
  type Document,
  kubernetesContainers,
  podsOf,
  ROOT,
  readCompose,
  schemaCheck,
} from './manifests.ts';

// The files by which Orderbell runs in containers: they are what their programs accept, and agree
// with the settings, the calls and the health checks of the services. No container engine runs here.

const ISSUER = 'https://id.example/realms/shop';
const STOP_S = 10;
/** Read by Node itself. */
const NODE_SETTINGS = ['NODE_EXTRA_CA_CERTS'];

const services = await loadServices();
const NAMES = services.map(({ name }) => name);

function schemaOf(name: string): TObject {
  const service = services.find((each) => each.name === name) ?? assert.fail(`no service ${name}`);
  return mergeSettings(service.settings, RunSettings);
}

/** Settings that all containers get, also those that do not read them. */
const SHARED = [
  'CURRENCY',
  'KAFKA_BROKERS',
  'MAIL_FROM',
  'MIGRATE_ON_START',
  'OIDC_ISSUER',
  'OPERATOR_EMAIL',
  'PUBLIC_URL',
];

/** Customers confirm their address by a link, and the gateway's own address leads nowhere there. */
function assertLinks(containers: Container[], publicUrl: string): void {
  const gateways = containers.filter(({ script }) => script === 'services/gateway/main.ts');
  for (const { where, env } of gateways) assert.equal(env.PUBLIC_URL, publicUrl, where);
  const off = containers.filter(({ env }) => 'CONFIRM_ADDRESSES' in env);
  assert.deepEqual(off, []);
}

/** The faults in the settings of containers. */
function settingFaults(containers: Container[]): string[] {
  return containers.flatMap(({ where, service, script, env, secrets, named }) => {
    const migrates = script.endsWith('migrate.ts');
    const known = [...Object.keys(schemaOf(service).properties), ...SHARED, ...NODE_SETTINGS];
    const own = `${service.toUpperCase()}_MIGRATION_DATABASE_URL`;
    const unknown = Object.keys(env).filter((name) =>
      migrates ? name !== own && !SHARED.includes(name) : !known.includes(name),
    );
    const faults = unknown.map((name) => `${where}: ${service} has no setting ${name}`);
    if (secrets.sort().join() !== named.sort().join()) {
      faults.push(`${where} gets the files ${secrets}, and names ${named}`);
    }
    if (!exists(script)) faults.push(`${where}: there is no ${script}`);
    if (migrates) return own in env ? faults : [...faults, `${where}: ${own} is missing`];
    try {
      loadConfig(service, schemaOf(service), env);
    } catch (error) {
      faults.push(`${where}: ${(error as Error).message}`);
    }
    return faults;
  });
}

function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}

const scriptsOf = (containers: Container[]) => containers.map(({ script }) => script).sort();

/** The processes that a production has. */
function expectedScripts(gateways: number, names: string[]): string[] {
  return names
    .flatMap((name) =>
      name === 'gateway'
        ? Array<string>(gateways).fill('services/gateway/main.ts')
        : [`services/${name}/main.ts`, `services/${name}/migrate.ts`],
    )
    .sort();
}

test('compose.yaml is what the Compose Specification allows', async () => {
  const check = await schemaCheck('compose');
  const compose = await readCompose();
  assert.deepEqual(check(compose), []);
  compose.services.orders.read_onyl = true;
  assert.match(check(compose).join(), /orders must NOT have unevaluated properties/);
});

test('every service of compose.yaml gets the settings that it needs, and no other secret', async (t) => {
  const containers = await composeContainers(t);
  assert.deepEqual(settingFaults(containers), []);
  assertLinks(containers, 'http://127.0.0.1:8080');
  assert.deepEqual(scriptsOf(containers), expectedScripts(2, NAMES));
});

test('containers of compose.yaml may do little, and only loopback reaches them', async () => {
  const { services: all, secrets, networks } = await readCompose();
  for (const [name, one] of Object.entries<Document>(all)) {
    assert.deepEqual([one.cap_drop, one.security_opt], [['ALL'], ['no-new-privileges:true']], name);
    assert.match(one.image, /:v?\d+\.\d+(\.\d+)?$/, name);
    for (const port of one.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
    for (const secret of one.secrets ?? []) assert.ok(secret in secrets, secret);
    if (one.build === undefined) continue;
    assert.equal(one.ports, undefined, name);
    assert.deepEqual([one.read_only, one.user], [true, '65532:65532'], name);
    // Receivers of webhooks are outside.
    const reached = name === 'webhooks' ? ['inside', 'outside'] : ['inside'];
    assert.deepEqual(one.networks, reached, name);
    assert.ok(one.deploy.resources.limits.memory, name);
    if (!one.command[0].endsWith('main.ts')) continue;
    assert.ok(one.healthcheck.test.at(-1).includes(`:${one.environment.PORT}/readyz`), name);
    const delay = (one.environment.STOP_DELAY_MS ?? 0) / 1000;
    assert.ok(Number.parseInt(one.stop_grace_period, 10) > delay + STOP_S, name);
  }
  assert.equal(networks.inside.internal, true);
  const given = Object.values<Document>(all).flatMap((one) => one.secrets ?? []);
  assert.deepEqual(
    Object.keys(secrets).filter((name) => !given.includes(name)),
    [],
  );
});

test('every file that compose.yaml mounts exists', async () => {
  const { services: all } = await readCompose();
  const mounts = Object.values<Document>(all).flatMap(({ volumes = [] }) =>
    volumes.map((volume: Document) => volume.source ?? volume.split(':')[0]),
  );
  const files = mounts.filter((path: string) => /^\.\/(?!installation\/)/.test(path));
  assert.ok(files.length > 2);
  for (const path of files) assert.ok(exists(path.slice(2)), path);
});

for (const [title, issuer] of [
  ['an issuer', ISSUER],
  ['the identity service', undefined],
] as const) {
  const names = NAMES.filter((name) => issuer === undefined || name !== 'identity');

  test(`Kubernetes with ${title}: the objects are what version 1.37 allows, and complete`, {
    skip: skipWithout('kubectl'),
  }, async (t) => {
    const objects = await buildExample(t, issuer);
    const check = await schemaCheck('kubernetes');
    assert.deepEqual(objects.flatMap(check), []);
    const containers = kubernetesContainers(objects);
    assert.deepEqual(settingFaults(containers), []);
    assertLinks(containers, 'https://shop.example');
    assert.deepEqual(scriptsOf(containers), expectedScripts(1, names));
    assert.deepEqual(podFaults(objects), []);
    for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget']) {
      const found = objects
        .filter((each) => each.kind === kind)
        .map(({ metadata }) => metadata.name);
      assert.deepEqual(found.sort(), [...names].sort(), kind);
    }
    assert.deepEqual(arrowsOf(objects, names), callsOf(names));
  });
}

test('Kubernetes with the component tls: all listen with TLS, and no call is plain', {
  skip: skipWithout('kubectl'),
}, async (t) => {
  const all = await buildExample(t, undefined, true);
  const ofManager = all.filter(({ apiVersion }) => apiVersion.startsWith('cert-manager.io/'));
  const objects = all.filter((each) => !ofManager.includes(each));
  const check = await schemaCheck('kubernetes');
  assert.deepEqual(objects.flatMap(check), []);
  assert.deepEqual(podFaults(objects), []);
  const { spec: certificate } = ofManager.find(({ spec }) => spec.dnsNames);
  assert.deepEqual([...certificate.dnsNames].sort(), [...NAMES].sort());
  const services = podsOf(objects).filter(({ kind }) => kind === 'Deployment');
  assert.equal(services.length, NAMES.length);
  for (const { name, pod } of services) {
    const [container] = pod.containers;
    const env = new Map<string, string>(
      container.env.map((each: Document) => [each.name, each.value]),
    );
    const mount = container.volumeMounts.find((each: Document) => each.name === 'tls');
    const volume = pod.volumes.find((each: Document) => each.name === 'tls');
    assert.equal(volume.secret.secretName, certificate.secretName);
    const files = [...env].filter(([setting]) => /TLS_\w+_FILE$/.test(setting));
    for (const [setting, file] of files) {
      assert.ok(setting.slice(0, -'_FILE'.length) in schemaOf(name).properties, setting);
      assert.match(file, new RegExp(`^${mount.mountPath}/(tls\\.crt|tls\\.key|ca\\.crt)$`));
    }
    assert.ok(env.has('TLS_CERTIFICATE_FILE') && env.has('TLS_KEY_FILE'), name);
    assert.equal(env.has('TLS_CLIENT_CA_FILE'), name !== 'gateway', name);
    assert.notEqual(env.get('ALLOW_PLAIN_HTTP'), 'true', name);
    const plain = [...env].filter(([, value]) => value?.startsWith('http:'));
    assert.deepEqual(plain, [], name);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      assert.equal(container[probe].httpGet.scheme, 'HTTPS', `${name} ${probe}`);
    }
  }
});

test('an unknown member of a Kubernetes object is found', async () => {
  const check = await schemaCheck('kubernetes');
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: {} };
  assert.deepEqual(check(service), []);
  assert.match(check({ ...service, spec: { port: 1 } }).join(), /additional properties/);
  assert.match(check({ ...service, kind: 'Servce' }).join(), /there is no/);
});

/** What is wrong with the pods, and with the selectors that should find them. */
function podFaults(objects: Document[]): string[] {
  const pods = podsOf(objects);
  const faults: string[] = [];
  const demand = (holds: unknown, fault: string) => holds || faults.push(fault);
  for (const { kind, name, pod } of pods) {
    const [container] = pod.containers;
    const { securityContext: context } = container;
    demand(context.readOnlyRootFilesystem && !context.allowPrivilegeEscalation, `${name}: rights`);
    demand(
      context.capabilities.drop[0] === 'ALL' && pod.securityContext.runAsNonRoot,
      `${name}: user`,
    );
    demand(pod.enableServiceLinks === false, `${name}: service links`);
    demand(container.image === 'registry.example/orderbell:0.1.0', `${name}: ${container.image}`);
    if (kind === 'Job') continue;
    const port = (wanted: string) =>
      String(container.ports.find((each: Document) => each.name === wanted)?.containerPort);
    const given = (setting: string) =>
      container.env.find((each: Document) => each.name === setting)?.value;
    demand(port('http') === given('PORT'), `${name}: PORT`);
    demand(port('metrics') === given('METRICS_PORT'), `${name}: METRICS_PORT`);
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => {
      const { path, port: at } = container[probe].httpGet;
      return `${path} ${at}`;
    });
    demand(probes.join() === '/livez http,/livez http,/readyz http', `${name}: probes`);
    const { seconds } = container.lifecycle.preStop.sleep;
    demand(pod.terminationGracePeriodSeconds > seconds + STOP_S, `${name}: grace period`);
  }
  for (const { kind, metadata, spec } of objects) {
    if (!['Service', 'PodDisruptionBudget', 'Deployment'].includes(kind)) continue;
    const wanted = spec.selector.matchLabels ?? spec.selector;
    const found = pods.filter(({ labels }) => matches(wanted, labels)).map((each) => each.name);
    demand(found.join() === metadata.name, `${kind} ${metadata.name} selects ${found}`);
  }
  return faults;
}

function matches(wanted: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** `caller → callee` by the schemas of the services. */
function callsOf(names: string[]) {
  const calls = services
    .filter(({ name }) => names.includes(name))
    .flatMap((service) =>
      calleesOf(service, services).map((callee) => `${service.name} → ${callee}`),
    )
    .filter((call) => names.includes(call.split(' → ')[1] as string))
    .sort();
  return { out: calls, in: calls };
}

/** `caller → callee` by the policies of the callers, and by those of the callees. */
function arrowsOf(objects: Document[], names: string[]) {
  const policies = objects.filter((each) => each.kind === 'NetworkPolicy');
  const peersOf = (rules: Document[] = [], side: 'to' | 'from'): string[] =>
    rules.flatMap((rule) =>
      (rule[side] ?? []).flatMap(
        ({ podSelector }: Document) => podSelector?.matchLabels?.['app.kubernetes.io/name'] ?? [],
      ),
    );
  const ofServices = policies.filter(({ metadata }) => names.includes(metadata.name));
  return {
    out: ofServices
      .flatMap(({ metadata, spec }) =>
        peersOf(spec.egress, 'to').map((callee) => `${metadata.name} → ${callee}`),
      )
      .sort(),
    in: ofServices
      .flatMap(({ metadata, spec }) =>
        peersOf(spec.ingress, 'from').map((caller) => `${caller} → ${metadata.name}`),
      )
      .sort(),
  };
}

test('Kubernetes denies what no policy allows, and opens the outside to those that need it', {
  skip: skipWithout('kubectl'),
}, async (t) => {
  const objects = await buildExample(t);
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  const policy = (name: string) => policies.find(({ metadata }) => metadata.name === name)?.spec;
  assert.deepEqual(policy('deny-all'), { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  /** The services whose pods a policy selects. */
  const selectedBy = (name: string): string[] => {
    const { matchLabels = {}, matchExpressions = [] } = policy(name).podSelector;
    const found = podsOf(objects).filter(
      ({ labels }) =>
        matches(matchLabels, labels) &&
        matchExpressions.every(({ key, values }: Document) => values.includes(labels[key])),
    );
    return found.map((pod) => pod.name).sort();
  };
  const having = (setting: string, jobs = false) =>
    services
      .filter(
        ({ name, settings }) => setting.replace('*', name.toUpperCase()) in settings.properties,
      )
      .flatMap(({ name }) => (jobs ? [name, `${name}-migrations`] : [name]))
      .sort();
  assert.deepEqual(selectedBy('postgresql'), having('*_DATABASE_URL', true));
  assert.deepEqual(selectedBy('kafka'), having('KAFKA_BROKERS'));
  assert.deepEqual(selectedBy('mail-server'), having('SMTP_URL'));
  assert.deepEqual(selectedBy('issuer'), having('OIDC_ISSUER'));
});

test('every setting that the guides and the proxy name exists', async () => {
  const known = services.flatMap(({ name, settings }) =>
    Object.keys({ ...settings.properties, ...RunSettings.properties }).flatMap((setting) => [
      setting,
      `${name.toUpperCase()}_${setting}`,
    ]),
  );
  // Of the installation and of the proxy, and what services do not read.
  const others = [...Object.keys((await readCompose()).secrets), ...SHARED, ...NODE_SETTINGS];
  others.push('OPERATOR_PASSWORD', 'PROXY_ADDRESS', 'GATEWAY_1', 'GATEWAY_2');
  // A variable of psql, and the example of a misspelled setting.
  others.push('ON_ERROR_STOP', 'ORDERS_PROT');
  const files = ['run-in-production', 'run-with-compose', 'run-on-kubernetes'].map(
    (page) => `docs/how-to/${page}.md`,
  );
  for (const file of [...files, 'deploy/haproxy/haproxy.cfg']) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const names = [...text.matchAll(/(?<![\w.-])[A-Z]+(?:_[A-Z\d]+)+(?![\w.-])/g)].map(([name]) =>
      name.replace(/_FILE$/, ''),
    );
    assert.ok(names.length > 2, file);
    const unknown = names.filter((name) => !known.includes(name) && !others.includes(name));
    assert.deepEqual(unknown, [], file);
  }
});

test('HAProxy accepts its settings', { skip: skipWithout('haproxy') }, () => {
  const haproxy = findTool('haproxy') as string;
  const file = join(ROOT, 'deploy', 'haproxy', 'haproxy.cfg');
  const { status, stderr } = spawnSync(haproxy, ['-c', '-f', file], {
    env: { GATEWAY_1: '127.0.0.1:8080', GATEWAY_2: '127.0.0.1:8180' },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /WARNING/);
});

test('Prometheus accepts its settings, and asks every service of compose.yaml', {
  skip: skipWithout('promtool'),
}, async (t) => {
  const file = join(ROOT, 'deploy', 'prometheus', 'prometheus.yml');
  if (existsSync(join(ROOT, 'deploy', 'prometheus', 'alerts.yml'))) {
    execFileSync(findTool('promtool') as string, ['check', 'config', file]);
  } else {
    t.diagnostic('deploy/prometheus/alerts.yml is missing');
  }
  const { dns_sd_configs: dns } = parse(readFileSync(file, 'utf8')).scrape_configs[0];
  const { services: all } = await readCompose();
  const measured = Object.entries<Document>(all).filter(([, one]) => one.environment?.METRICS_PORT);
  assert.deepEqual(
    dns[0].names,
    measured.map(([name]) => name),
  );
  for (const [name, { environment }] of measured) {
    assert.equal(environment.METRICS_PORT, dns[0].port, name);
  }
});
