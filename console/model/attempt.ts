import { useEffect, useState } from 'preact/hooks';
import { parseAmount } from '#contracts/amounts.ts';
import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import { ApiProblem, newKey } from './api.ts';
import { readDraft, storeDraft } from './browser-storage.ts';
import { useConsole } from './context.ts';
import { useAction, useUnmountSignal } from './load.ts';
import { type Delivery, topUpWallet } from './orders.ts';

/** A request that must not be carried out twice, with its idempotency key. */
export interface Attempt<R> {
  request: R;
  key: string;
}

export interface Attempting<R> {
  /**
   * The attempt that was sent and has no known outcome. Only repeating it under its key is safe, so
   * this tab stores it through reloads and sign-ins until the API decides it.
   */
  unresolved: Attempt<R> | null;
  running: boolean;
  /** The request is being repeated, or was sent before this page was opened. */
  repeating: boolean;
  problem: ApiProblem | null;
  /** Sends a request under a new key. Only while `unresolved` is null. */
  start: (request: R) => void;
  /** Repeats the unresolved attempt under its key. */
  again: () => void;
  /** Forgets the unresolved attempt. */
  discard: () => void;
}

/**
 * Runs one attempt at a time.
 * @param name of the draft in this tab
 * @param options.send sends the request and repeats it while that may help
 * @param options.onEnd gets the result
 * @param options.resume whether an unresolved attempt is repeated when the page opens
 */
export function useAttempt<R, B>(
  name: string,
  options: {
    send: (request: R, delivery: Delivery & { key: string }) => Promise<B>;
    onEnd: (result: B) => void;
    resume: boolean;
  },
): Attempting<R> {
  const { send, onEnd, resume } = options;
  const open = useUnmountSignal();
  const [unresolved, setUnresolved] = useState<Attempt<R> | null>(() => readDraft(name));
  const [repeating, setRepeating] = useState(false);

  const drop = (key: string) => {
    // Another page may have begun another attempt meanwhile.
    if (readDraft<Attempt<R>>(name)?.key === key) storeDraft(name, null);
    setUnresolved((last) => (last?.key === key ? null : last));
  };

  const action = useAction(async (attempt: Attempt<R>, sentBefore: boolean) => {
    setRepeating(sentBefore);
    storeDraft(name, attempt);
    setUnresolved(attempt);
    try {
      const onRepeat = () => setRepeating(true);
      const { key, request } = attempt;
      const result = await send(request, { key, sentBefore, onRepeat, until: open });
      drop(attempt.key);
      if (!open.aborted) onEnd(result);
    } catch (error) {
      if (error instanceof ApiProblem && !error.open) drop(attempt.key);
      if (!open.aborted) throw error;
    } finally {
      setRepeating(false);
    }
  });

  // Once, when the page opens.
  useEffect(() => {
    if (resume && unresolved !== null) action.run(unresolved, true);
  }, []);

  return {
    unresolved,
    repeating,
    running: action.running,
    problem: action.problem,
    start: (request) => action.run({ request, key: newKey() }, false),
    again: () => unresolved !== null && action.run(unresolved, true),
    discard: () => {
      if (unresolved !== null) drop(unresolved.key);
      action.reset();
    },
  };
}

/**
 * The state of a form that tops up a wallet.
 * @param options.name of the attempt in this tab
 * @param options.customerId whose wallet the operator tops up; null for the own one
 */
export function useTopUp(options: {
  name: string;
  customerId: string | null;
  currency: string;
  /** What the field begins with. */
  text?: string;
  onDone: () => void;
}) {
  const { name, customerId, currency, onDone } = options;
  const { api } = useConsole();
  const [text, setText] = useState(options.text ?? '');
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState<WalletOperation | null>(null);
  const attempt = useAttempt<Money, WalletOperation>(name, {
    send: (amount, delivery) => topUpWallet(api, customerId, amount, delivery),
    onEnd: (operation) => {
      setDone(operation);
      setText('');
      setChecked(false);
      onDone();
    },
    resume: true,
  });
  /** @returns null where the text is no amount, which the field shows from then on */
  const check = (): Money | null => {
    setChecked(true);
    setDone(null);
    const amount = parseAmount(text, currency, 1);
    return typeof amount === 'number' ? { amount, currency } : null;
  };
  return { attempt, done, check, field: { text, onChange: setText, checked, currency } };
}
