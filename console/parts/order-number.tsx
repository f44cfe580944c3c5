import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole } from '../model/context.ts';
import { type Language, shortId } from '../model/format.ts';

/** An order as people call it: its short number; where it has none, the end of its id. */
export function nameOfOrder(id: string, language: Language): string {
  const number = orderNumberOf(id);
  if (number === null) return shortId(id);
  return `${language === 'ru' ? '№' : 'No.'}\u00a0${number}`;
}

/** The same, with the whole id as tooltip. */
export function OrderNumber({ id }: { id: string }) {
  const { language } = useConsole();
  return (
    <span class="order-number" title={id}>
      {nameOfOrder(id, language)}
    </span>
  );
}
