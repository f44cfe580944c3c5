import { useState } from 'preact/hooks';
import type { Profile } from '#contracts/profiles.ts';
import { ApiProblem } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import { Choice, Form, TextField, violationAt } from '../parts/form.tsx';
import { Loading, Notice } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { ownTimeZone, TimeZoneField } from '../parts/time-zone-field.tsx';
import { account } from '../texts/account.ts';
import { common } from '../texts/common.ts';
import { confirm } from '../texts/confirm.ts';
import { usePasswordSignIn } from './sign-in.tsx';
import { YourData } from './your-data.tsx';

/** The zone of a profile without one. */
const UTC = 'UTC';
const FIELDS = ['/email', '/password', '/name', '/locale'];

/** Creates an account and signs in. */
export function RegisterPage() {
  const texts = useTexts(account);
  const { api, language } = useConsole();
  const signInWith = usePasswordSignIn();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [locale, setLocale] = useState<Language>(language);
  const { run, running, problem } = useAction(async () => {
    const account = { email: email.trim(), password };
    const timeZone = ownTimeZone();
    // The API completes a half-done registration when it is repeated, so the request needs no key.
    await api.send<Profile>('POST', '/v1/registrations', {
      body: {
        ...account,
        name: name.trim(),
        locale,
        ...(timeZone !== undefined && { timeZone }),
      },
    });
    await signInWith(account);
  });
  const shown = FIELDS.some((pointer) => violationAt(problem, pointer) !== null);
  return (
    <Page title={texts.register.title} lead={texts.register.lead} narrow>
      <Form onSubmit={run} problem={problem} listViolations={!shown} checksFields>
        <TextField
          label={texts.register.name}
          hint={texts.register.nameHint}
          violation={violationAt(problem, '/name')}
          value={name}
          onChange={setName}
          input={{ autoComplete: 'name', required: true, maxLength: 200 }}
        />
        <TextField
          label={texts.signIn.email}
          violation={violationAt(problem, '/email')}
          value={email}
          onChange={setEmail}
          input={{ type: 'email', autoComplete: 'username', required: true, maxLength: 254 }}
        />
        <TextField
          label={texts.signIn.password}
          hint={texts.register.passwordHint}
          violation={violationAt(problem, '/password')}
          value={password}
          onChange={setPassword}
          input={{
            type: 'password',
            autoComplete: 'new-password',
            required: true,
            minLength: 10,
            maxLength: 128,
          }}
        />
        <LocaleField value={locale} onChange={setLocale} />
        <Button look="primary" text={texts.register.submit} disabled={running} />
      </Form>
      <p class="quiet">
        {texts.register.haveAccount} <a href="/sign-in">{texts.signIn.submit}</a>
      </p>
    </Page>
  );
}

interface Stored {
  profile: Profile;
  etag: string | null;
}

/** The customer's name, and the address and language of letters. */
export function ProfilePage() {
  const texts = useTexts(account).profile;
  const { api, session, language, config } = useConsole();
  const loaded = useLoad('profile', async (signal): Promise<Stored> => {
    try {
      const answer = await api.send<Profile>('GET', '/v1/profile', { signal });
      return { profile: answer.body, etag: answer.headers.get('etag') };
    } catch (error) {
      // A customer of an external issuer has no profile yet if the token names no address.
      if (!(error instanceof ApiProblem && error.status === 404)) throw error;
      const email = session?.email ?? '';
      return { profile: { customerId: '', email, name: '', locale: language }, etag: null };
    }
  });
  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      <Loading loaded={loaded}>{(stored) => <ProfileForm stored={stored} />}</Loading>
      {config.signIn === 'password' && (
        <p>
          <a href="/password">{texts.changePassword}</a>
        </p>
      )}
      <YourData />
    </Page>
  );
}

function ProfileForm({ stored }: { stored: Stored }) {
  const texts = useTexts(account);
  const confirmTexts = useTexts(confirm);
  const { api } = useConsole();
  const [base, setBase] = useState(stored);
  const [draft, setDraft] = useState(stored.profile);
  const [result, setResult] = useState<'saved' | 'stale' | null>(null);
  const { run, running, problem } = useAction(async () => {
    setResult(null);
    const { email, name, locale, timeZone = UTC } = draft;
    // Absent means as it was, which a replica of the release before understands too.
    const zone = timeZone === (base.profile.timeZone ?? UTC) ? {} : { timeZone };
    try {
      const answer = await api.send<Profile>('PUT', '/v1/profile', {
        body: { email: email.trim(), name: name.trim(), locale, ...zone },
        // So that a change made elsewhere is not overwritten unseen.
        headers: base.etag === null ? {} : { 'if-match': base.etag },
      });
      setBase({ profile: answer.body, etag: answer.headers.get('etag') });
      setDraft(answer.body);
      setResult('saved');
    } catch (error) {
      if (!(error instanceof ApiProblem && error.status === 412)) throw error;
      const now = await api.send<Profile>('GET', '/v1/profile');
      setBase({ profile: now.body, etag: now.headers.get('etag') });
      setDraft(now.body);
      // Saved by a request whose answer was lost, or changed elsewhere.
      const mine =
        now.body.email === email.trim() &&
        now.body.name === name.trim() &&
        (now.body.timeZone ?? UTC) === timeZone;
      setResult(mine && now.body.locale === locale ? 'saved' : 'stale');
    }
  });
  return (
    <Form onSubmit={run} problem={problem} checksFields>
      {result === 'saved' && (
        <Notice tone="good">
          {base.profile.emailConfirmed === false
            ? confirmTexts.saved(base.profile.email)
            : texts.profile.saved}
        </Notice>
      )}
      {result === 'stale' && <Notice tone="wait">{texts.profile.stale}</Notice>}
      <TextField
        label={texts.profile.email}
        violation={violationAt(problem, '/email')}
        value={draft.email}
        onChange={(value) => setDraft({ ...draft, email: value })}
        input={{ type: 'email', autoComplete: 'email', required: true, maxLength: 254 }}
      />
      <TextField
        label={texts.register.name}
        hint={texts.register.nameHint}
        violation={violationAt(problem, '/name')}
        value={draft.name}
        onChange={(value) => setDraft({ ...draft, name: value })}
        input={{ autoComplete: 'name', required: true, maxLength: 200 }}
      />
      <LocaleField value={draft.locale} onChange={(locale) => setDraft({ ...draft, locale })} />
      <TimeZoneField
        violation={violationAt(problem, '/timeZone')}
        value={draft.timeZone ?? UTC}
        onChange={(timeZone) => setDraft({ ...draft, timeZone })}
      />
      <Button look="primary" text={texts.profile.save} disabled={running} />
    </Form>
  );
}

/** The language of letters. */
function LocaleField(props: { value: Language; onChange: (locale: Language) => void }) {
  const { languages } = useTexts(common);
  const legend = useTexts(account).register.letterLanguage;
  const options = (['ru', 'en'] as const).map((value) => ({ value, label: languages[value] }));
  return <Choice name="letter-language" legend={legend} options={options} {...props} />;
}
