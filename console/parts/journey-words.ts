import type { JourneyStep } from '#contracts/journey.ts';
import type { journey } from '../texts/journey.ts';

export type JourneyTexts = (typeof journey)['ru'];

/** What came of a step: `отказ · 550 No such user`; empty where it is just done. */
export function outcomeText(step: JourneyStep, texts: JourneyTexts): string {
  return [texts.outcomes[step.outcome], detailText(step, texts)].filter(Boolean).join(' · ');
}

/** A step's detail in words. */
export function detailText(
  { detail, kind }: { detail: string | null; kind: string },
  texts: JourneyTexts,
): string {
  const place = /^(\d+)\/(\d+)$/.exec(detail ?? '');
  if (place !== null && (kind === 'publish' || kind === 'receive')) {
    return texts.placeOf(Number(place[1]), Number(place[2]));
  }
  return (detail && (texts.decisions[detail] ?? detail)) || '';
}
