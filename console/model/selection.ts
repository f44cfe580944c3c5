import { useState } from 'preact/hooks';

export interface Selection {
  /** The chosen ids, in the order of the list. */
  ids: string[];
  all: boolean;
  has: (id: string) => boolean;
  toggle: (id: string) => void;
  /** Chooses all that can be chosen, or none. */
  toggleAll: () => void;
  clear: () => void;
}

/**
 * The rows of a list that a person has chosen.
 * @param choosable ids of the rows that can be chosen; those that are gone are chosen no more
 */
export function useSelection(choosable: string[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const ids = choosable.filter((id) => chosen.has(id));
  const all = ids.length > 0 && ids.length === choosable.length;
  return {
    ids,
    all,
    has: (id) => chosen.has(id),
    toggle: (id) =>
      setChosen(
        (last) => new Set(last.has(id) ? [...last].filter((each) => each !== id) : [...last, id]),
      ),
    toggleAll: () => setChosen(all ? new Set() : new Set(choosable)),
    clear: () => setChosen(new Set()),
  };
}

/** A list in parts of at most `size`, for operations that take a limited number. */
export function inParts<T>(list: T[], size: number): T[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, part) => list.slice(part * size, (part + 1) * size));
}
