import { useState } from 'preact/hooks';
import type { AccessToken } from '#contracts/identity.ts';
import type { Profile } from '#contracts/profiles.ts';
import { useConsole, useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import { faultAt, TextField } from '../parts/field.tsx';
import { LocaleField } from '../parts/locale-field.tsx';
import { Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { customer } from '../texts/customer.ts';
import { useSignedIn } from './sign-in.tsx';

const FIELDS = ['/email', '/password', '/name', '/locale'];

/** A new account; signed in at once. */
export function RegisterPage() {
  const texts = useTexts(customer);
  const { api, language } = useConsole();
  const signedIn = useSignedIn();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [locale, setLocale] = useState<Language>(language);
  const { run, running, problem } = useAction(async () => {
    const account = { email: email.trim(), password };
    // Repeating it with the same password completes what was half done, so no key is needed.
    await api.send<Profile>('POST', '/v1/registrations', {
      body: { ...account, name: name.trim(), locale },
    });
    const answer = await api.send<AccessToken>('POST', '/v1/sessions', { body: account });
    const { accessToken: token, expiresIn } = answer.body;
    signedIn({ token, email: account.email, expiresIn });
  });
  const shown = FIELDS.some((pointer) => faultAt(problem, pointer) !== null);
  return (
    <Page title={texts.register.title} lead={texts.register.lead} narrow>
      <form
        class="card form"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        {problem !== null && <Problem problem={problem} listFaults={!shown} />}
        <TextField
          label={texts.register.name}
          hint={texts.register.nameHint}
          fault={faultAt(problem, '/name')}
          value={name}
          onChange={setName}
          input={{ autoComplete: 'name', required: true, maxLength: 200 }}
        />
        <TextField
          label={texts.signIn.email}
          fault={faultAt(problem, '/email')}
          value={email}
          onChange={setEmail}
          input={{ type: 'email', autoComplete: 'username', required: true, maxLength: 254 }}
        />
        <TextField
          label={texts.signIn.password}
          hint={texts.register.passwordHint}
          fault={faultAt(problem, '/password')}
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
        <button type="submit" class="primary" disabled={running}>
          {texts.register.submit}
        </button>
      </form>
      <p class="quiet">
        {texts.register.haveAccount} <a href="/sign-in">{texts.signIn.submit}</a>
      </p>
    </Page>
  );
}
