import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
import { TextField } from './field.tsx';

/** A field for an amount to add, which shows what it is read as before anything is sent. */
export function AmountField(props: {
  label: string;
  text: string;
  onChange: (text: string) => void;
  /** Whether somebody tried to send it. */
  checked: boolean;
  /** The wallet's; of the set-up if absent. */
  currency?: string;
}) {
  const { label, text, onChange, checked } = props;
  const { facts, language } = useConsole();
  const { currency = facts.currency } = props;
  const { willAdd } = useTexts(customer).wallet;
  const amount = parseAmount(text, currency, 1);
  const known = typeof amount === 'number';
  return (
    <TextField
      label={label}
      hint={known ? willAdd(formatMoney({ amount, currency }, language)) : undefined}
      fault={checked && !known ? amountAdvice(amount, { text, currency, language }) : null}
      value={text}
      onChange={onChange}
      input={{ inputMode: 'decimal', autoComplete: 'off' }}
    />
  );
}
