import { useEffect, useState } from 'preact/hooks';
import type { OperatorLetter } from '#contracts/notifications.ts';
import { useConsole } from './context.ts';
import { untilVisible } from './load.ts';
import { outcomeOf, type WatchedLetter, type WatchedLetters } from './resend-outcome.ts';

export const letterPath = (id: string) => `/v1/operator/letters/${encodeURIComponent(id)}`;

const isOpen = ({ letter, since }: WatchedLetter) =>
  since !== null && ['waiting', 'later'].includes(outcomeOf(letter, since));

const POLL_MS = 1_000;
// An attempt that the server deferred follows after seconds or minutes.
const LATER_MS = 5_000;
const READS_MAX = 20;

/**
 * The letters of a list that this person did something to. Those sent again are read until their
 * outcome is known.
 */
export function useLetterWatch() {
  const { api } = useConsole();
  const [watched, setWatched] = useState<WatchedLetters>(new Map());
  const keep = (letters: WatchedLetter[]) =>
    setWatched(
      (last) => new Map([...last, ...letters.map((each) => [each.letter.id, each] as const)]),
    );

  useEffect(() => {
    const open = [...watched.values()].filter(isOpen);
    if (open.length === 0) return;
    const due = open.slice(0, READS_MAX);
    const stop = new AbortController();
    const { signal } = stop;
    async function readAgain() {
      await untilVisible(signal);
      const letters = await Promise.all(
        due.map(({ letter }) =>
          // Without an answer the letter stays as it was, and is read again in the next round.
          api.read<OperatorLetter>(letterPath(letter.id), { signal }).catch(() => letter),
        ),
      );
      if (signal.aborted) return;
      setWatched((last) => {
        const fresh = letters.map((letter) => {
          const since = last.get(letter.id)?.since ?? null;
          return [letter.id, { letter, since }] as const;
        });
        // Those that were read go to the end, so that each has its turn.
        const read = new Set(letters.map(({ id }) => id));
        return new Map([...[...last].filter(([id]) => !read.has(id)), ...fresh]);
      });
    }
    const waits = due.some(({ letter, since }) => outcomeOf(letter, since ?? 0) === 'waiting');
    const timer = setTimeout(() => void readAgain(), waits ? POLL_MS : LATER_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [watched, api]);

  return { watched, keep };
}
