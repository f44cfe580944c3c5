import type { Journey } from '#contracts/gateway.ts';
import { formatDuration, formatMoney, type Language } from '../model/format.ts';
import { endingOf } from '../model/journey.ts';
import { lengthOf, timed } from '../model/journey-time.ts';
import { type JourneyTexts, outcomeText } from './journey-words.ts';

/** One line per step, with every attempt; moments as ISO text, to compare with logs. */
export function journeyAsText(
  journey: Journey,
  texts: JourneyTexts,
  title: string,
  language: Language,
): string {
  const { order, waitedMs, traceId, resends = [] } = journey;
  const steps = timed(journey.steps);
  const length = lengthOf(steps);
  const lines = [
    title,
    `${order.statusLabel}, ${formatMoney(order.total, language)}`,
    texts.endings[endingOf(journey)],
    waitedMs ? `${texts.waited}: ${formatDuration(waitedMs, language)}` : null,
    length === null ? null : `${texts.length}: ${formatDuration(length, language)}`,
    traceId === null ? null : `${texts.trace}: ${traceId}`,
    ...resends.map(({ at, by }) => `${texts.resends}: ${at}, ${texts.resentBy[by]}`),
    '',
    ...steps.map(({ step, duration }) => {
      const { at, from, to, kind, attempt } = step;
      const route = `${texts.participants[from]} → ${texts.participants[to]}`;
      const took = duration && formatDuration(duration.ms, language);
      return [
        `${at ?? '–'}  ${route}: ${texts.kinds[kind]}`,
        attempt === null ? null : texts.attempt(attempt),
        took !== null && duration !== null && (duration.recorded ? took : texts.about(took)),
        outcomeText(step, texts),
      ]
        .filter(Boolean)
        .join(', ');
    }),
  ];
  return `${lines.filter((line) => line !== null).join('\n')}\n`;
}
