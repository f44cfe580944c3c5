import type { Journey } from '#contracts/gateway.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { download } from '../model/download.ts';
import { common } from '../texts/common.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { journeyAsText } from './journey-text.ts';
import { Button } from './page.tsx';

/** Saves the whole answer as JSON, or its steps as a text for a message to somebody. */
export function JourneyExport({ journey }: { journey: Journey }) {
  const texts = useTexts(journeyTexts);
  const { number } = useTexts(common);
  const { language } = useConsole();
  const name = `orderbell-${orderNumberOf(journey.order.id) ?? journey.order.id}`;
  const saveJson = () =>
    download(`${name}.json`, 'application/json', JSON.stringify(journey, null, 2));
  const saveText = () => {
    const title = titleOf(journey, number);
    download(`${name}.txt`, 'text/plain', journeyAsText(journey, texts, title, language));
  };
  return (
    <section class="actions" aria-label={texts.export}>
      <Button text={texts.exportJson} run={saveJson} />
      <Button text={texts.exportText} run={saveText} />
    </section>
  );
}

function titleOf({ order }: Journey, number: (text: string) => string): string {
  const short = orderNumberOf(order.id);
  return short === null ? order.id : `${number(short)} (${order.id})`;
}
