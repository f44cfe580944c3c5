import { useCallback, useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { onStoredElsewhere, readStored, type StoredItem, store } from './browser-storage.ts';
import type { ServerConfig, Theme } from './context.ts';
import type { Language } from './format.ts';

// The state of the whole console: language, theme, server config (session: session-state.ts).

/** A choice that this browser stores, the same in all tabs. */
function useStored<V extends string>(item: StoredItem, parse: (text: string | null) => V) {
  const [value, setState] = useState<V>(() => parse(readStored(item)));
  useEffect(() => onStoredElsewhere(item, (text) => setState(parse(text))), []);
  const setValue = useCallback((chosen: V) => {
    store(item, chosen);
    setState(chosen);
  }, []);
  return [value, setValue] as const;
}

/** The chosen language, otherwise the browser's, otherwise Russian as in the API. */
export function useLanguage() {
  const [language, setLanguage] = useStored<Language>(
    'language',
    (text) => languageIn(text) ?? preferredLanguage(navigator.languages),
  );
  useLayoutEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return { language, setLanguage };
}

function languageIn(text: string | null): Language | null {
  return text === 'ru' || text === 'en' ? text : null;
}

function preferredLanguage(languages: readonly string[]): Language {
  for (const tag of languages) {
    const known = languageIn(tag.slice(0, 2).toLowerCase());
    if (known !== null) return known;
  }
  return 'ru';
}

/** Light or dark; `auto` follows the operating system. */
export function useTheme() {
  const [theme, setTheme] = useStored<Theme>('theme', (text) =>
    text === 'light' || text === 'dark' ? text : 'auto',
  );
  useLayoutEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return { theme, setTheme };
}

const CONFIG_RETRY_MS = 1_000;
const CONFIG_TIMEOUT_MS = 10_000;

function isServerConfig(found: Partial<ServerConfig> | null): found is ServerConfig {
  return typeof found?.currency === 'string' && typeof found.operator?.claim === 'string';
}

/** Reads the server config, repeatedly until the gateway answers. */
export function useServerConfig(): { config: ServerConfig | null; waiting: boolean } {
  const [config, setConfig] = useState<ServerConfig | null>(null);
  const [waiting, setWaiting] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function read(): Promise<void> {
      try {
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(CONFIG_TIMEOUT_MS)]);
        const answer = await fetch('/console.json', { signal });
        const found = await answer.json();
        // A proxy may answer in place of the gateway.
        if (!answer.ok || !isServerConfig(found)) throw new Error(String(answer.status));
        setConfig(found);
      } catch {
        if (stop.signal.aborted) return;
        setWaiting(true);
        timer = setTimeout(() => void read(), CONFIG_RETRY_MS);
      }
    }
    void read();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  return { config, waiting };
}
