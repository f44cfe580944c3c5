import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { type Theme, useConsole, useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { shell } from '../texts/shell.ts';
import { Icon, type IconName } from './icons.tsx';

interface Place {
  path: string;
  icon: IconName;
  label: 'home' | 'orders' | 'wallet' | 'letters' | 'mailbox' | OperatorLabel;
}
type OperatorLabel = 'overview' | 'pending' | 'deadLetters' | 'ledger';

const CUSTOMER: Place[] = [
  { path: '/', icon: 'home', label: 'home' },
  { path: '/orders', icon: 'orders', label: 'orders' },
  { path: '/wallet', icon: 'wallet', label: 'wallet' },
  { path: '/letters', icon: 'letters', label: 'letters' },
];
const OPERATOR: Place[] = [
  { path: '/operator', icon: 'overview', label: 'overview' },
  { path: '/operator/pending', icon: 'pending', label: 'pending' },
  { path: '/operator/letters', icon: 'letters', label: 'letters' },
  { path: '/operator/dead-letters', icon: 'deadLetters', label: 'deadLetters' },
  { path: '/operator/ledger', icon: 'ledger', label: 'ledger' },
];
const MAILBOX: Place = { path: '/mailbox', icon: 'mailbox', label: 'mailbox' };

/** What surrounds every page: the brand, the way to the sections, the menu of the person. */
export function Shell({ children }: { children: ComponentChildren }) {
  const texts = useTexts(shell);
  const { session, facts } = useConsole();
  const { path } = useLocation();
  const own = session === null ? [] : session.operator ? OPERATOR : CUSTOMER;
  const places = facts.mailbox ? [...own, MAILBOX] : own;
  const current = placeOf(path, places);
  return (
    <div class="shell">
      <a class="skip" href="#content">
        {texts.skip}
      </a>
      <header class="top">
        <a class="brand" href="/" aria-label="Orderbell">
          <Icon name="bell" />
          <span>Orderbell</span>
        </a>
        {places.length > 0 && (
          <nav aria-label={texts.nav}>
            <ul>
              {places.map((place) => (
                <li key={place.path}>
                  <a href={place.path} aria-current={place === current ? 'page' : undefined}>
                    <Icon name={place.icon} />
                    <span>{texts[place.label]}</span>
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        )}
        <Menu />
      </header>
      <main id="content">{children}</main>
    </div>
  );
}

/** The place whose address begins the path; the longest wins. */
function placeOf(path: string, places: Place[]): Place | undefined {
  return places
    .filter((place) => path === place.path || path.startsWith(`${place.path}/`))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

function Menu() {
  const texts = useTexts(shell);
  const { session, signOut } = useConsole();
  const { route } = useLocation();
  return (
    <div class="menu">
      <button type="button" class="menu-button" popovertarget="menu">
        <Icon name="person" />
        <span class="menu-name">{session?.email || texts.menu}</span>
      </button>
      <div id="menu" popover="auto" class="menu-sheet">
        {session !== null && session.email !== '' && <p class="menu-person">{session.email}</p>}
        {session === null ? (
          <>
            <MenuLink href="/sign-in">{texts.signIn}</MenuLink>
            <MenuLink href="/register">{texts.register}</MenuLink>
          </>
        ) : (
          !session.operator && <MenuLink href="/profile">{texts.profile}</MenuLink>
        )}
        <LanguageChoice />
        <ThemeChoice />
        <a href="/docs" class="menu-item">
          {texts.apiDocs}
        </a>
        {session !== null && (
          <button
            type="button"
            class="menu-item"
            onClick={() => {
              // Not as the button's target: it is gone before the browser would close it.
              closeMenu();
              signOut();
              route('/');
            }}
          >
            {texts.signOut}
          </button>
        )}
      </div>
    </div>
  );
}

function closeMenu(): void {
  document.getElementById('menu')?.hidePopover();
}

function MenuLink({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <a class="menu-item" href={href} onClick={closeMenu}>
      {children}
    </a>
  );
}

function LanguageChoice() {
  const texts = useTexts(shell);
  const { language, setLanguage } = useConsole();
  const choices: [Language, string][] = [
    ['ru', 'Русский'],
    ['en', 'English'],
  ];
  return (
    <fieldset class="choice">
      <legend>{texts.language}</legend>
      {choices.map(([value, label]) => (
        <label key={value}>
          <input
            type="radio"
            name="language"
            checked={language === value}
            onChange={() => setLanguage(value)}
          />
          <span lang={value}>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

const THEMES: Theme[] = ['auto', 'light', 'dark'];

function ThemeChoice() {
  const texts = useTexts(shell);
  const { theme, setTheme } = useConsole();
  return (
    <fieldset class="choice">
      <legend>{texts.theme}</legend>
      {THEMES.map((value) => (
        <label key={value}>
          <input
            type="radio"
            name="theme"
            checked={theme === value}
            onChange={() => setTheme(value)}
          />
          <span>{texts.themes[value]}</span>
        </label>
      ))}
    </fieldset>
  );
}
