import type { Journey } from '#contracts/gateway.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { download } from '../model/download.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { journeyAsText } from './journey-text.ts';
import { nameOfOrder } from './order-number.tsx';
import { Button } from './page.tsx';

/** Saves the whole answer as JSON, or its steps as a text for a message to somebody. */
export function JourneyExport({ journey }: { journey: Journey }) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const name = `orderbell-${orderNumberOf(journey.order.id) ?? journey.order.id}`;
  const saveJson = () =>
    download(`${name}.json`, 'application/json', JSON.stringify(journey, null, 2));
  const saveText = () => {
    const { id } = journey.order;
    const title = `${nameOfOrder(id, language)} (${id})`;
    download(`${name}.txt`, 'text/plain', journeyAsText(journey, texts, title, language));
  };
  return (
    <section class="actions" aria-label={texts.export}>
      <Button text={texts.exportJson} run={saveJson} />
      <Button text={texts.exportText} run={saveText} />
    </section>
  );
}
