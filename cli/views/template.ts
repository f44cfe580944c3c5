import type { LetterTemplate } from '#contracts/notifications.ts';
import type { Column } from '../terminal/table.ts';

/** The versions of the letters' texts. */
export const templateColumns: Column<LetterTemplate>[] = [
  { head: 'template', cell: (_, { version }) => String(version), right: true },
  { head: 'headSource', cell: ({ say }, { source }) => say(`source-${source}`) },
  {
    head: 'headCurrent',
    cell: ({ say }, { current }) => (current ? { text: say('yes'), colour: 'green' } : ''),
  },
];
