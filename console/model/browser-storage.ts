// Storage in the browser. If a browser refuses it (private windows, settings), values last only as
// long as the page.

export type StoredItem = 'session' | 'ending' | 'language' | 'theme';

const nameOf = (item: string) => `orderbell.${item}`;

function attempt<T>(action: () => T, otherwise: T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

/** Read in all tabs, until it is removed. */
export function readStored(item: StoredItem): string | null {
  return attempt(() => localStorage.getItem(nameOf(item)), null);
}

export function store(item: StoredItem, value: string | null): void {
  attempt(() => {
    if (value === null) localStorage.removeItem(nameOf(item));
    else localStorage.setItem(nameOf(item), value);
  }, undefined);
}

/** Calls back when another tab changes the item. @returns a function that stops it */
export function onStoredElsewhere(
  item: StoredItem,
  changed: (value: string | null) => void,
): () => void {
  const listener = (event: StorageEvent) => {
    // The key is null when all items are removed.
    if (event.key === null || event.key === nameOf(item)) changed(event.newValue);
  };
  addEventListener('storage', listener);
  return () => removeEventListener('storage', listener);
}

/** A draft lasts as long as its tab, through reloads. */
export function readDraft<T>(name: string): T | null {
  return attempt(() => {
    const text = sessionStorage.getItem(nameOf(`draft.${name}`));
    return text === null ? null : (JSON.parse(text) as T);
  }, null);
}

export function storeDraft(name: string, value: unknown): void {
  attempt(() => {
    if (value === null) sessionStorage.removeItem(nameOf(`draft.${name}`));
    else sessionStorage.setItem(nameOf(`draft.${name}`), JSON.stringify(value));
  }, undefined);
}
