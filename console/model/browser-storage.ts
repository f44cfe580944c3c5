// What the browser keeps. A browser may refuse (private windows, settings): then things are
// forgotten with the page, and nothing else changes.

export type StoredItem = 'session' | 'language' | 'theme';

const nameOf = (what: string) => `orderbell.${what}`;

function tried<T>(what: () => T, otherwise: T): T {
  try {
    return what();
  } catch {
    return otherwise;
  }
}

/** For all tabs, until it is removed. */
export function readStored(what: StoredItem): string | null {
  return tried(() => localStorage.getItem(nameOf(what)), null);
}

export function store(what: StoredItem, value: string | null): void {
  tried(() => {
    if (value === null) localStorage.removeItem(nameOf(what));
    else localStorage.setItem(nameOf(what), value);
  }, undefined);
}

/** Calls back when another tab changed it. @returns how to stop */
export function onStoredElsewhere(
  what: StoredItem,
  changed: (value: string | null) => void,
): () => void {
  const listener = (event: StorageEvent) => {
    // Without a key everything was removed.
    if (event.key === null || event.key === nameOf(what)) changed(event.newValue);
  };
  addEventListener('storage', listener);
  return () => removeEventListener('storage', listener);
}

/** For this tab only, until it is closed; reloading keeps it. */
export function readDraft<T>(name: string): T | null {
  return tried(() => {
    const text = sessionStorage.getItem(nameOf(`draft.${name}`));
    return text === null ? null : (JSON.parse(text) as T);
  }, null);
}

export function storeDraft(name: string, value: unknown): void {
  tried(() => {
    if (value === null) sessionStorage.removeItem(nameOf(`draft.${name}`));
    else sessionStorage.setItem(nameOf(`draft.${name}`), JSON.stringify(value));
  }, undefined);
}
