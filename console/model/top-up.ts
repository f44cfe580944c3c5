import { useState } from 'preact/hooks';
import { parseAmount } from '#contracts/amounts.ts';
import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import { useAttempt } from './attempt.ts';
import { useConsole } from './context.ts';
import { topUpWallet } from './orders.ts';

/**
 * The state of a form that tops up a wallet.
 * @param options.name of the attempt in this tab
 * @param options.path of the API
 */
export function useTopUp(options: {
  name: string;
  path: string;
  currency: string;
  onDone: () => void;
}) {
  const { name, path, currency, onDone } = options;
  const { api } = useConsole();
  const [text, setText] = useState('');
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState<WalletOperation | null>(null);
  const attempt = useAttempt<Money, WalletOperation>(name, {
    send: ({ request: amount, key }) => topUpWallet(api, path, { amount, key }),
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
