import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
import { TextField } from './field.tsx';

/** A field for an amount; its hint shows how the text is understood. */
export function AmountField(props: {
  label: string;
  text: string;
  onChange: (text: string) => void;
  /** Whether the form was submitted: only then a violation shows. */
  checked: boolean;
  currency: string;
}) {
  const { label, text, onChange, checked, currency } = props;
  const { language } = useConsole();
  const { willAdd } = useTexts(customer).wallet;
  const amount = parseAmount(text, currency, 1);
  const known = typeof amount === 'number';
  return (
    <TextField
      label={label}
      hint={known ? willAdd(formatMoney({ amount, currency }, language)) : undefined}
      violation={checked && !known ? amountAdvice(amount, { text, currency, language }) : null}
      value={text}
      onChange={onChange}
      input={{ inputMode: 'decimal', autoComplete: 'off' }}
    />
  );
}
