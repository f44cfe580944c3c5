import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useTexts } from '../model/context.ts';
import { search } from '../texts/search.ts';
import { addressOf } from './list.tsx';
import { Button } from './page.tsx';

export const SEARCH_PATH = '/operator/search';
/** As much as the API takes. */
const TEXT_MAX = 500;

/** The operator's search in the frame of each page. Ctrl+K, on a Mac ⌘K, focuses it. */
export function SearchBox() {
  const texts = useTexts(search);
  const { path, query, route } = useLocation();
  const searched = path === SEARCH_PATH ? (query.q ?? '') : '';
  const [text, setText] = useState(searched);
  // Before the page is drawn: a later change would erase what is typed meanwhile.
  useLayoutEffect(() => setText(searched), [searched]);
  const input = useRef<HTMLInputElement>(null);
  useShortcut(() => {
    input.current?.focus();
    input.current?.select();
  });
  const submit = () => {
    const q = text.trim();
    route(addressOf(SEARCH_PATH, q === '' ? {} : { q }));
  };
  return (
    <search class="search-box">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <input
          ref={input}
          type="search"
          aria-label={texts.label}
          aria-keyshortcuts={IS_MAC ? 'Meta+K' : 'Control+K'}
          title={`${texts.label} (${IS_MAC ? '⌘K' : 'Ctrl+K'})`}
          placeholder={texts.placeholder}
          maxLength={TEXT_MAX}
          autoComplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <Button text={texts.submit} label={texts.label} />
      </form>
    </search>
  );
}

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * A key with a modifier: speech input and stray keys do not press it (WCAG 2.1.4), and it works from
 * fields too.
 */
function useShortcut(press: () => void): void {
  const latest = useRef(press);
  latest.current = press;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { code, ctrlKey, metaKey, altKey, shiftKey, defaultPrevented } = event;
      // By its place: with a Russian layout the key writes another letter.
      if (code !== 'KeyK' || altKey || shiftKey || defaultPrevented) return;
      // Ctrl+K on a Mac deletes the rest of a line.
      if (IS_MAC ? !metaKey || ctrlKey : !ctrlKey || metaKey) return;
      // The page behind an open dialog takes no focus.
      if (document.querySelector('dialog:modal') !== null) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
