import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from './api.ts';
import type { Language } from './format.ts';
import type { Issuer } from './issuer.ts';
import type { OperatorClaim, Session } from './session.ts';

/** What the gateway says about its set-up (`/console.json`). */
export interface ServerConfig {
  currency: string;
  selfTopUp: boolean;
  signIn: 'password' | 'issuer' | 'token';
  /** Where people sign in when they do not here. */
  issuer: Issuer | null;
  mailbox: boolean;
  operator: OperatorClaim;
}

export type Theme = 'auto' | 'light' | 'dark';

/** What all pages share. */
export interface Console {
  api: Api;
  config: ServerConfig;
  session: Session | null;
  /** The session ended by itself: its page says so. */
  expired: boolean;
  signIn: (session: Session) => void;
  signOut: () => void;
  language: Language;
  setLanguage: (language: Language) => void;
  theme: Theme;
  setTheme: (theme: Theme) => void;
}

export const ConsoleContext = createContext<Console | null>(null);

export function useConsole(): Console {
  const found = useContext(ConsoleContext);
  if (found === null) throw new Error('outside of the console');
  return found;
}

/** Texts in both languages, of one shape. */
export interface Texts<T> {
  ru: T;
  en: T;
}

/** The texts of the reader's language. */
export function useTexts<T>(texts: Texts<T>): T {
  return texts[useConsole().language];
}
