import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceProcessOptions, startServiceProcess } from '#dev/system/service-process.ts';
import type { StartService, SystemOptions } from '#dev/system/system.ts';
import type { Environment } from '#platform/config/load-config.ts';
import { testLog } from '../database.ts';
import { testPreviousRelease } from './previous-release.ts';

/**
 * How the system tests spread the services:
 * - `one-process`: all of them in the process of the test with embedded parts, as `npm start` does
 * - `processes`: each is a process of its own, configured by environment variables only, with Kafka
 * - `replicas`: the same with two processes of each, and of identity one
 * - `versions`: two processes of each, one of which runs the previous release
 */
export const LAYOUTS = ['one-process', 'processes', 'replicas', 'versions'] as const;
export type Layout = (typeof LAYOUTS)[number];

/**
 * The layout that TEST_LAYOUT names; `one-process` when it is not set.
 * @throws Error when there is no such layout
 */
export function testLayout(name = process.env.TEST_LAYOUT || 'one-process'): Layout {
  const layout = LAYOUTS.find((each) => each === name);
  if (layout === undefined) throw new Error(`TEST_LAYOUT is one of ${LAYOUTS.join(', ')}`);
  return layout;
}

/** The options of `startSystem` for a layout. */
export function optionsOf(layout: Layout): Pick<SystemOptions, 'startService' | 'replicasOf'> {
  if (layout === 'one-process') return {};
  return {
    startService: layout === 'versions' ? startInTurn() : startService,
    replicasOf: (name) => replicasIn(layout, name),
  };
}

function replicasIn(layout: Layout, name: string): number {
  if (layout === 'versions') return 2;
  // Identity once: a test that takes it away means the one that there is.
  return layout === 'replicas' && name !== 'identity' ? 2 : 1;
}

// A process says at level `info` that it listens, so it may not be quieter.
const noisy = testLog.isLevelEnabled('info');
const LOG_LEVEL = noisy ? testLog.level : 'info';

const startService: StartService = (name, env) => startProcess(name, env);

const startProcess = (name: string, env: Environment, options: ServiceProcessOptions = {}) =>
  startServiceProcess(
    name,
    { LOG_REQUESTS: String(noisy), ...env, LOG_LEVEL },
    { ...options, ...(noisy && { onLine: console.log }) },
  );

/** Every second process of a service runs the previous release, where that has the service. */
function startInTurn(): StartService {
  const root = testPreviousRelease();
  const started = new Map<string, number>();
  return (name, env) => {
    const count = started.get(name) ?? 0;
    started.set(name, count + 1);
    const isReleased = existsSync(join(root, 'services', name));
    return startProcess(name, env, count % 2 === 0 || !isReleased ? {} : { root });
  };
}
