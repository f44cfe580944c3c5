import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useTexts } from '../model/context.ts';
import { search } from '../texts/search.ts';
import { addressOf } from './list.tsx';
import { Button } from './page.tsx';

export const SEARCH_PATH = '/operator/search';
/** As much as the API takes. */
const TEXT_MAX = 500;

/** The operator's search in the frame of each page. The key `/` focuses it. */
export function SearchBox() {
  const texts = useTexts(search);
  const { path, query, route } = useLocation();
  const searched = path === SEARCH_PATH ? (query.q ?? '') : '';
  const [text, setText] = useState(searched);
  useEffect(() => setText(searched), [searched]);
  const input = useRef<HTMLInputElement>(null);
  useSlashKey(() => {
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
          aria-keyshortcuts="/"
          title={`${texts.label} (${texts.shortcut})`}
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

/** Where a key writes a character, it is no shortcut. */
const WRITES = 'input, textarea, select, [contenteditable]';

function useSlashKey(press: () => void): void {
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey, target, defaultPrevented } = event;
      if (key !== '/' || ctrlKey || metaKey || altKey || defaultPrevented) return;
      if (target instanceof Element && target.closest(WRITES)) return;
      // The page behind an open dialog takes no focus.
      if (document.querySelector('dialog:modal') !== null) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
