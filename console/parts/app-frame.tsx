import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { type Theme, useConsole, useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { common } from '../texts/common.ts';
import { ConfirmNotice } from './confirm-notice.tsx';
import { Choice } from './form.tsx';
import { Icon, type IconName } from './icons.tsx';
import { Notice } from './notices.tsx';
import { SearchBox } from './search-box.tsx';

/** A section's address, and the name of its icon and its text. */
type Section = [path: string, name: IconName & keyof typeof common.ru];

const CUSTOMER: Section[] = [
  ['/', 'home'],
  ['/orders', 'orders'],
  ['/wallet', 'wallet'],
  ['/letters', 'letters'],
];
const OPERATOR: Section[] = [
  ['/operator', 'overview'],
  ['/operator/orders', 'orders'],
  ['/operator/pending', 'pending'],
  ['/operator/customers', 'customers'],
  ['/operator/operations', 'operations'],
  ['/operator/letters', 'letters'],
  ['/operator/dead-letters', 'deadLetters'],
  ['/operator/ledger', 'ledger'],
];
const WEBHOOKS: Section = ['/operator/webhooks', 'webhooks'];
const FAULT_LAB: Section = ['/operator/fault-lab', 'faultLab'];
const MAILBOX: Section = ['/mailbox', 'mailbox'];

/** The frame of every page: brand, navigation, menu. */
export function AppFrame({ children }: { children: ComponentChildren }) {
  const texts = useTexts(common);
  const { session, config } = useConsole();
  const { path } = useLocation();
  const own = session === null ? [] : session.operator ? OPERATOR : CUSTOMER;
  const sections = [...own];
  if (session?.operator && config.webhooks === true) sections.push(WEBHOOKS);
  if (session?.operator && config.faultLab === true) sections.push(FAULT_LAB);
  if (config.mailbox) sections.push(MAILBOX);
  const current = sectionOf(path, sections);
  return (
    <div class="frame">
      <a class="skip" href="#content">
        {texts.skip}
      </a>
      <header class={session?.operator ? 'top with-search' : 'top'}>
        <a class="brand" href="/" aria-label="Orderbell">
          <Icon name="bell" />
          <span>Orderbell</span>
        </a>
        {session?.operator && <SearchBox />}
        {sections.length > 0 && (
          <nav aria-label={texts.nav}>
            <ul>
              {sections.map(([href, name]) => (
                <li key={href}>
                  <a href={href} aria-current={href === current ? 'page' : undefined}>
                    <Icon name={name} />
                    <span>{texts[name]}</span>
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        )}
        <Menu />
      </header>
      <main id="content">
        <SessionNotice />
        <ConfirmNotice />
        {children}
      </main>
    </div>
  );
}

/** The next step for a person whose session at an external issuer has changed. */
function SessionNotice() {
  const texts = useTexts(common);
  const { end, config } = useConsole();
  const host = config.issuer === null ? '' : new URL(config.issuer.url).host;
  if (end === 'lapsed') {
    return (
      <Notice tone="wait">
        {texts.lapsed}{' '}
        <a href="/sign-in?now" target="_blank" rel="noopener">
          {texts.lapsedSignIn}
        </a>
      </Notice>
    );
  }
  return end === 'only-here' ? <Notice tone="wait">{texts.onlyHere(host)}</Notice> : null;
}

// It compares letters, and is opened from the menu.
const LETTER_STUDIO = '/operator/letter-studio';

/** The section whose address begins the path; the longest wins. */
function sectionOf(path: string, sections: Section[]): string | undefined {
  if (path === LETTER_STUDIO) return '/operator/letters';
  return sections
    .map(([href]) => href)
    .filter((href) => path === href || (href !== '/operator' && path.startsWith(`${href}/`)))
    .sort((a, b) => b.length - a.length)[0];
}

function Menu() {
  const texts = useTexts(common);
  const { session, signOut, language } = useConsole();
  const { route } = useLocation();
  return (
    <div class="menu">
      <button type="button" class="menu-button" popovertarget="menu">
        <Icon name="person" />
        <bdi class="menu-name">{session?.email || texts.menu}</bdi>
      </button>
      <div id="menu" popover="auto" class="menu-sheet">
        {session !== null && session.email !== '' && <p class="menu-person">{session.email}</p>}
        {session === null ? (
          <>
            <MenuLink href="/sign-in">{texts.signIn}</MenuLink>
            <MenuLink href="/register">{texts.register}</MenuLink>
          </>
        ) : (
          <MenuLink href={session.operator ? '/operator/audit' : '/profile'}>
            {session.operator ? texts.audit : texts.profile}
          </MenuLink>
        )}
        {session?.operator && <MenuLink href={LETTER_STUDIO}>{texts.letterStudio}</MenuLink>}
        <LanguageChoice />
        <ThemeChoice />
        <a href={`/docs?lang=${language}`} class="menu-item">
          {texts.apiDocs}
        </a>
        {session !== null && (
          <button
            type="button"
            class="menu-item"
            onClick={() => {
              // Not by `popovertarget`: the button is removed before the browser closes the menu.
              closeMenu();
              void signOut();
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
  const texts = useTexts(common);
  const { language, setLanguage } = useConsole();
  // Each language in its own words, for readers who do not understand the other.
  const options: { value: Language; label: string; lang: string }[] = [
    { value: 'ru', label: 'Русский', lang: 'ru' },
    { value: 'en', label: 'English', lang: 'en' },
  ];
  return (
    <Choice
      name="language"
      legend={texts.language}
      options={options}
      value={language}
      onChange={setLanguage}
    />
  );
}

const THEMES: Theme[] = ['auto', 'light', 'dark'];

function ThemeChoice() {
  const texts = useTexts(common);
  const { theme, setTheme } = useConsole();
  const options = THEMES.map((value) => ({ value, label: texts.themes[value] }));
  return (
    <Choice name="theme" legend={texts.theme} options={options} value={theme} onChange={setTheme} />
  );
}
