import type { DeadLetter } from '#contracts/notifications.ts';
import type { CsvColumn } from '../terminal/csv.ts';
import type { Colour, Screen } from '../terminal/screen.ts';
import { type Cell, facts } from '../terminal/table.ts';
import type { ListView } from './list.ts';

const COLOURS: Record<DeadLetter['state'], Colour> = {
  dead: 'red',
  redriven: 'green',
  discarded: 'dim',
};

const stateCell = ({ say }: Screen, { state }: DeadLetter): Cell => ({
  text: say(state),
  colour: COLOURS[state],
});
const placeOf = ({ offset, partition, topic }: DeadLetter) => `${topic} ${partition}/${offset}`;

const csv: CsvColumn<DeadLetter>[] = [
  ['id', ({ id }) => id],
  ['createdAt', ({ createdAt }) => createdAt],
  ['state', ({ state }) => state],
  ['topic', ({ topic }) => topic],
  ['partition', ({ partition }) => partition],
  ['offset', ({ offset }) => offset],
  ['redrives', ({ redrives }) => redrives],
  ['error', ({ error }) => error],
  ['discardedAt', ({ discarded }) => discarded?.at],
  ['discardedBecause', ({ discarded }) => discarded?.reason],
];

/** Events that could not become letters. */
export const deadLetters: ListView<DeadLetter> = {
  columns: [
    { head: 'headCreated', cell: ({ moment }, { createdAt }) => moment(createdAt) },
    { head: 'state', cell: stateCell },
    { head: 'headPlace', cell: (_, deadLetter) => placeOf(deadLetter) },
    { head: 'headError', cell: (_, { error }) => error, fit: 'cut' },
    { head: 'headId', cell: (_, { id }) => id, fit: 'below' },
  ],
  csv,
};

/** One of them, with all of its message. */
export function deadLetterText(screen: Screen, deadLetter: DeadLetter): string {
  const { moment, say } = screen;
  const { discarded, headers, key, redrivenAt, redrives, value } = deadLetter;
  const rows: [string, Cell][] = [
    [say('headId'), deadLetter.id],
    [say('state'), stateCell(screen, deadLetter)],
    [say('headPlace'), placeOf(deadLetter)],
    [say('headCreated'), moment(deadLetter.createdAt)],
    [say('headError'), deadLetter.error],
    [say('redrives'), String(redrives)],
  ];
  if (redrivenAt !== null) rows.push([say('redrivenAt'), moment(redrivenAt)]);
  if (discarded) {
    const { actor, at, reason } = discarded;
    rows.push([say('discardedAt'), `${moment(at)}  ${actor}  ${reason}`]);
  }
  const message: [string, Cell][] = [
    [say('messageKey'), key ?? '—'],
    ...headers.map(({ name, value: text }): [string, Cell] => [name, text]),
    [say('messageValue'), value ?? '—'],
  ];
  return `${facts(screen, rows)}\n\n${facts(screen, message)}`;
}
