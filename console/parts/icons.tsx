/** Drawn for this console, 24 × 24, in the colour of the text. */
const PATHS = {
  bell: 'M12 3a1.2 1.2 0 0 1 1.2 1.2v.5a5 5 0 0 1 3.8 4.9v3.6l1.5 2.1a.7.7 0 0 1-.6 1.1H6.1a.7.7 0 0 1-.6-1.1L7 13.2V9.6a5 5 0 0 1 3.8-4.9v-.5A1.2 1.2 0 0 1 12 3zM10 18h4a2 2 0 0 1-4 0z',
  home: 'M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4.5v-5h-5v5H5a1 1 0 0 1-1-1z',
  orders: 'M6 4h12v16l-3-1.8L12 20l-3-1.8L6 20zM9 9h6M9 13h4',
  wallet: 'M4 7.5A1.5 1.5 0 0 1 5.5 6H18v3h2v9H5.5A1.5 1.5 0 0 1 4 16.5zM16.5 13.5h0',
  letters: 'M4 6.5h16v11H4zM4 7l8 6 8-6',
  mailbox: 'M4 13l2.5-7h11L20 13v5H4zM4 13h4.5l1 2h5l1-2H20',
  overview: 'M5 19V11M10 19V5M15 19v-6M20 19V8',
  pending: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.5l3 2',
  deadLetters: 'M4 6.5h16v11H4zM9 10l6 4M15 10l-6 4',
  customers:
    'M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM3 19c.5-3 2.8-4.5 6-4.5s5.5 1.5 6 4.5M15 5.5a3 3 0 0 1 0 5.5M17 15c2 .5 3.400 1.800 4 4',
  operations: 'M4 8h15M15 4l4 4-4 4M20 16H5M9 12l-4 4 4 4',
  ledger: 'M12 4v16M6 7h12M6 7l-2.5 6h5zM18 7l-2.5 6h5zM8.5 20h7',
  webhooks:
    'M6 12a3 3 0 1 0 0 .1zM18 6a3 3 0 1 0 0 .1zM18 18a3 3 0 1 0 0 .1zM9 11l6-3.5M9 13l6 3.5',
  faultLab: 'M9 4h6M10 4v6l-5 9h14l-5-9V4M8 15h8',
  plus: 'M12 5v14M5 12h14',
  remove: 'M6 6l12 12M18 6 6 18',
  person: 'M12 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM5 20c.6-3.5 3.4-5 7-5s6.4 1.5 7 5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} class={name === 'bell' ? 'filled' : 'drawn'} />
    </svg>
  );
}
