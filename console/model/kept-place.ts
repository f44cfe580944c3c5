// Where a person was in a list, kept in the entry of the browser's history: «back» and a reload
// return there.

/** A place in a list. */
export interface KeptPlace {
  /** How many pages of the list were loaded. */
  pages: number;
  /** How far the window was scrolled, in pixels. */
  scrolled: number;
  /** The link that had the focus: the key of its row and its address. */
  link: { row: string; href: string } | null;
}

type Places = Record<string, KeptPlace>;

const places = () => (history.state as { lists?: Places } | null)?.lists ?? {};

/** The place in a list that this entry of the history keeps; null without one. */
export function keptPlace(list: string): KeptPlace | null {
  return places()[list] ?? null;
}

/** Keeps where the person is now. @param at the element that they used */
export function keepPlace(list: string, pages: number, at: EventTarget | null): void {
  const link = at instanceof Element ? at.closest('a') : null;
  const row = link?.closest('tr')?.dataset.key;
  const href = link?.getAttribute('href') ?? '';
  const place: KeptPlace = {
    pages,
    scrolled: scrollY,
    link: row === undefined ? null : { row, href },
  };
  history.replaceState({ ...history.state, lists: { ...places(), [list]: place } }, '');
}

/** Scrolls to the place and focuses its link. */
export function returnTo({ scrolled, link }: KeptPlace): void {
  scrollTo(0, scrolled);
  if (link === null) return;
  const row = document.querySelector(`tr[data-key="${CSS.escape(link.row)}"]`);
  const found = row?.querySelector<HTMLElement>(`a[href="${CSS.escape(link.href)}"]`);
  found?.focus({ preventScroll: true });
}
