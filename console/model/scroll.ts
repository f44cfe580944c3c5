// Where a page was scrolled to, for "back" and "forward". The browser restores it too early: the data
// of the page are not there yet.

/** By address, in this tab. */
const positions = new Map<string, number>();
const POSITIONS_MAX = 200;
/** Afterwards a reader has begun to read. */
const GIVE_UP_MS = 5_000;

let returning: { from: string } | null = null;
let current = '';

/** Begins to remember. Called once, before the first page. */
export function rememberScrolling(): void {
  history.scrollRestoration = 'manual';
  current = location.href;
  addEventListener('popstate', () => {
    returning = { from: current };
  });
  addEventListener('scroll', note, { passive: true });
  // A click can leave the page before the scroll event arrives.
  addEventListener('click', note, { capture: true, passive: true });
}

function note(): void {
  // The address changes before the page does.
  if (location.href !== current) return;
  positions.delete(current);
  positions.set(current, scrollY);
  const [oldest] = positions.keys();
  if (positions.size > POSITIONS_MAX && oldest !== undefined) positions.delete(oldest);
}

/**
 * Scrolls a page that was opened: to its top or, after "back", to where it was, with the focus on
 * the link to the page that was left.
 */
export function scrollOpened(): void {
  const back = returning;
  returning = null;
  current = location.href;
  const top = back === null ? 0 : (positions.get(current) ?? 0);
  scrollTo(0, 0);
  if (back === null) return;
  const path = new URL(back.from).pathname + new URL(back.from).search;
  whenItFits(top, () => {
    scrollTo(0, top);
    const link = document.querySelector<HTMLElement>(`main a[href="${CSS.escape(path)}"]`);
    link?.focus({ preventScroll: true });
  });
}

/** Calls once the page is long enough, unless the reader does something before. */
function whenItFits(top: number, act: () => void): void {
  const stop = new AbortController();
  const observer = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight < top + innerHeight) return;
    if (document.querySelector('main .loading') !== null) return;
    stop.abort();
    act();
  });
  const { signal } = stop;
  signal.addEventListener('abort', () => observer.disconnect());
  // `input` is of what is pasted or dictated: no key announces it, and it needs the focus too.
  for (const event of ['keydown', 'pointerdown', 'wheel', 'input']) {
    addEventListener(event, () => stop.abort(), { signal, passive: true });
  }
  setTimeout(() => stop.abort(), GIVE_UP_MS);
  observer.observe(document.body);
}
