// model/: data, requests and browser state of the console, without markup. It needs no other room.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from './api.ts';
import type { Language } from './format.ts';
import type { Issuer } from './issuer.ts';
import type { OperatorClaim, Session } from './session.ts';
import type { SessionEnd } from './session-state.ts';

/** The settings of the server that the console needs (`/console.json`). */
export interface ServerConfig {
  currency: string;
  selfTopUp: boolean;
  signIn: 'password' | 'issuer' | 'token';
  /** The external issuer where people sign in; null without one. */
  issuer: Issuer | null;
  mailbox: boolean;
  /** Whether the fault lab runs; absent from gateways of an older version. */
  faultLab?: boolean;
  /** Whether the installation has webhooks; absent from gateways of an older version. */
  webhooks?: boolean;
  /** Whether customers confirm their address; absent from gateways of an older version. */
  confirmAddresses?: boolean;
  operator: OperatorClaim;
  /** What people type before the words of the command line; absent from older gateways. */
  commandLine?: string;
}

export type Theme = 'auto' | 'light' | 'dark';

/** The state that all pages share. */
export interface Console {
  api: Api;
  config: ServerConfig;
  session: Session | null;
  end: SessionEnd | null;
  signIn: (session: Session) => void;
  /** Here and at the external issuer, whose page follows. */
  signOut: () => Promise<void>;
  /** Ends the session, which the sign-in page then explains. */
  expire: () => void;
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
