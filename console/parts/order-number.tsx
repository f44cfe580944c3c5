import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole } from '../model/context.ts';
import { Id } from './values.tsx';

/** The short number of an order, with the whole id as tooltip; the id where it has no number. */
export function OrderNumber({ id }: { id: string }) {
  const { language } = useConsole();
  const number = orderNumberOf(id);
  if (number === null) return <Id value={id} />;
  return (
    <span class="order-number" title={id}>
      {language === 'ru' ? '№' : 'No.'}
      {'\u00a0'}
      {number}
    </span>
  );
}
