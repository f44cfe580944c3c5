import { useState } from 'preact/hooks';
import type { AccessToken } from '#contracts/identity.ts';
import type { Profile } from '#contracts/profiles.ts';
import { useConsole, useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import { TextField, violationAt } from '../parts/field.tsx';
import { Form } from '../parts/form.tsx';
import { LocaleField } from '../parts/locale-field.tsx';
import { Page } from '../parts/page.tsx';
import { account } from '../texts/account.ts';
import { useSignedIn } from './sign-in.tsx';

const FIELDS = ['/email', '/password', '/name', '/locale'];

/** Creates an account and signs in. */
export function RegisterPage() {
  const texts = useTexts(account);
  const { api, language } = useConsole();
  const signedIn = useSignedIn();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [locale, setLocale] = useState<Language>(language);
  const { run, running, problem } = useAction(async () => {
    const account = { email: email.trim(), password };
    // The API completes a half-done registration when it is repeated, so the request needs no key.
    await api.send<Profile>('POST', '/v1/registrations', {
      body: { ...account, name: name.trim(), locale },
    });
    const answer = await api.send<AccessToken>('POST', '/v1/sessions', { body: account });
    const { accessToken: token, expiresIn } = answer.body;
    signedIn({ token, email: account.email, expiresIn });
  });
  const shown = FIELDS.some((pointer) => violationAt(problem, pointer) !== null);
  return (
    <Page title={texts.register.title} lead={texts.register.lead} narrow>
      <Form onSubmit={run} problem={problem} listViolations={!shown} browserChecks>
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
        <button type="submit" class="primary" disabled={running}>
          {texts.register.submit}
        </button>
      </Form>
      <p class="quiet">
        {texts.register.haveAccount} <a href="/sign-in">{texts.signIn.submit}</a>
      </p>
    </Page>
  );
}
