import { request } from 'undici';
import { startStep } from '#platform/service/start-step.ts';
import { reachable } from '../system/reachable.ts';

interface Waiting {
  /** Shown to the user. */
  waitingFor: string;
  interrupted: AbortSignal;
}

/** Waits for the first answer of a system that has started. */
export async function becomeReady(run: Waiting, url: string): Promise<void> {
  run.waitingFor = 'the first answer';
  const work = async () => {
    const { statusCode, body } = await request(`${reachable(url)}/readyz`);
    const text = await body.text();
    if (statusCode === 200) return;
    run.waitingFor = `the first answer: /readyz says ${statusCode} ${text}`;
    throw new Error(run.waitingFor);
  };
  const always = { say: () => {}, isTransient: () => true, signal: run.interrupted };
  await startStep('the first answer', work, always);
}
