import { request } from 'undici';
import { startStep } from '#platform/service/start-step.ts';
import { reachable } from '../system/reachable.ts';

/**
 * Waits for the first answer of a system that has started.
 * @param onWait gets what it waits for
 */
export async function becomeReady(
  url: string,
  signal: AbortSignal,
  onWait: (what: string) => void,
): Promise<void> {
  onWait('the first answer');
  const work = async () => {
    const { statusCode, body } = await request(`${reachable(url)}/readyz`);
    const text = await body.text();
    if (statusCode === 200) return;
    const why = `the first answer: /readyz says ${statusCode} ${text}`;
    onWait(why);
    throw new Error(why);
  };
  await startStep('the first answer', work, { say: () => {}, isTransient: () => true, signal });
}
