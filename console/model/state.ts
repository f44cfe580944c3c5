import { useCallback, useEffect, useState } from 'preact/hooks';
import { keep, onKeptElsewhere, readKept } from './browser-storage.ts';
import type { ServerConfig, Theme } from './context.ts';
import type { Language } from './format.ts';
import { keepSession, parseSession, readSession, type Session } from './session.ts';

// What lives as long as the console is open: who is signed in, language, appearance, set-up.

// setTimeout counts in 32 bits.
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Who is signed in, in all tabs alike. */
export function useSession() {
  const [state, setState] = useState<{ session: Session | null; expired: boolean }>(() => ({
    session: readSession(Date.now()),
    expired: false,
  }));
  const { session, expired } = state;

  const signIn = useCallback((next: Session) => {
    keepSession(next);
    setState({ session: next, expired: false });
  }, []);
  const signOut = useCallback(() => {
    keepSession(null);
    setState({ session: null, expired: false });
  }, []);
  const expire = useCallback(() => {
    keepSession(null);
    setState({ session: null, expired: true });
  }, []);

  useEffect(
    () =>
      onKeptElsewhere('session', (text) =>
        setState({ session: parseSession(text, Date.now()), expired: false }),
      ),
    [],
  );
  useEffect(() => {
    if (session === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      const ms = session.expiresAt - Date.now();
      if (ms <= 0) expire();
      else timer = setTimeout(watch, Math.min(ms, TIMER_MAX_MS));
    };
    watch();
    return () => clearTimeout(timer);
  }, [session, expire]);
  return { session, expired, signIn, signOut, expire };
}

/** The chosen language, else the browser's, else Russian as in the API. */
export function useLanguage() {
  const [language, setState] = useState<Language>(
    () => languageIn(readKept('language')) ?? preferredLanguage(navigator.languages),
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(
    () =>
      onKeptElsewhere('language', (text) => {
        const chosen = languageIn(text);
        if (chosen !== null) setState(chosen);
      }),
    [],
  );
  const setLanguage = useCallback((chosen: Language) => {
    keep('language', chosen);
    setState(chosen);
  }, []);
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

/** Light or dark; `auto` is what the system says. */
export function useTheme() {
  const [theme, setState] = useState<Theme>(() => themeIn(readKept('theme')));
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => onKeptElsewhere('theme', (text) => setState(themeIn(text))), []);
  const setTheme = useCallback((chosen: Theme) => {
    keep('theme', chosen);
    setState(chosen);
  }, []);
  return { theme, setTheme };
}

function themeIn(text: string | null): Theme {
  return text === 'light' || text === 'dark' ? text : 'auto';
}

const FACTS_RETRY_MS = 1_000;
const FACTS_TIMEOUT_MS = 10_000;

function isFacts(found: Partial<ServerConfig> | null): found is ServerConfig {
  return typeof found?.currency === 'string' && typeof found.operator?.claim === 'string';
}

/** Reads the set-up, again and again until the gateway answers. */
export function useFacts(): { facts: ServerConfig | null; waiting: boolean } {
  const [facts, setFacts] = useState<ServerConfig | null>(null);
  const [waiting, setWaiting] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function read(): Promise<void> {
      try {
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(FACTS_TIMEOUT_MS)]);
        const answer = await fetch('/console.json', { signal });
        const found = await answer.json();
        // Something else may answer in place of the gateway.
        if (!answer.ok || !isFacts(found)) throw new Error(String(answer.status));
        setFacts(found);
      } catch {
        if (stop.signal.aborted) return;
        setWaiting(true);
        timer = setTimeout(() => void read(), FACTS_RETRY_MS);
      }
    }
    void read();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  return { facts, waiting };
}
