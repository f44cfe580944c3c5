import { useLayoutEffect, useState } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction } from '../model/load.ts';
import { Form, TextField, violationAt } from '../parts/form.tsx';
import { Notice } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { account } from '../texts/account.ts';
import { password } from '../texts/password.ts';
import { NotFoundPage } from './not-found.tsx';

const PASSWORD_MAX = 128;
const NEW_PASSWORD = {
  type: 'password',
  autoComplete: 'new-password',
  required: true,
  minLength: 10,
  maxLength: PASSWORD_MAX,
} as const;

/** Exchanges the password for another one. */
export function ChangePasswordPage() {
  const texts = useTexts(password).change;
  const { passwordHint } = useTexts(account).register;
  const { api, config, session } = useConsole();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const { run, running, problem, result } = useAction(async () => {
    const body = { currentPassword: current, newPassword: next };
    await api.send('PUT', '/v1/password', { body });
    setCurrent('');
    setNext('');
    return true;
  });
  if (config.signIn !== 'password') return <NotFoundPage />;
  const violation = violationAt(problem, '/newPassword');
  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      <Form onSubmit={run} problem={problem} listViolations={violation === null} checksFields>
        {result !== null && <Notice tone="good">{texts.done}</Notice>}
        {/* So that a password manager knows whose password this is. */}
        <input type="hidden" autocomplete="username" value={session?.email ?? ''} />
        <TextField
          label={texts.current}
          value={current}
          onChange={setCurrent}
          input={{
            type: 'password',
            autoComplete: 'current-password',
            required: true,
            maxLength: PASSWORD_MAX,
          }}
        />
        <TextField
          label={texts.next}
          hint={passwordHint}
          violation={violation}
          value={next}
          onChange={setNext}
          input={NEW_PASSWORD}
        />
        <Button look="primary" text={texts.submit} disabled={running} />
      </Form>
    </Page>
  );
}

/** Asks for a letter with a link that resets the password. */
export function ForgotPasswordPage() {
  const texts = useTexts(password).forgot;
  const { email: label } = useTexts(account).signIn;
  const { api, config } = useConsole();
  const [email, setEmail] = useState('');
  const { run, running, problem, result } = useAction(async () => {
    const asked = email.trim();
    await api.send('POST', '/v1/password-resets', { body: { email: asked } });
    return asked;
  });
  if (config.signIn !== 'password') return <NotFoundPage />;
  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      <Form onSubmit={run} problem={problem} checksFields>
        {result !== null && (
          <Notice tone="good">
            <p>{texts.done(result)}</p>
            <p class="quiet">{texts.noLetter}</p>
          </Notice>
        )}
        <TextField
          label={label}
          violation={violationAt(problem, '/email')}
          value={email}
          onChange={setEmail}
          input={{ type: 'email', autoComplete: 'username', required: true, maxLength: 254 }}
        />
        <Button look="primary" text={texts.submit} disabled={running} />
      </Form>
    </Page>
  );
}

/** Sets a password by the token of a letter, which is in the address after `#`. */
export function ResetPasswordPage() {
  const texts = useTexts(password).reset;
  const { passwordHint } = useTexts(account).register;
  const labels = useTexts(account).signIn;
  const { api, config } = useConsole();
  const [token] = useState(() => location.hash.slice(1));
  const [next, setNext] = useState('');
  // The history of the browser must not keep the token.
  useLayoutEffect(() => history.replaceState(history.state, '', location.pathname), []);
  const { run, running, problem, result } = useAction(async () => {
    const body = { token, newPassword: next };
    await api.send('POST', '/v1/password-resets/redeem', { body });
    return true;
  });
  if (config.signIn !== 'password') return <NotFoundPage />;
  const violation = violationAt(problem, '/newPassword');
  const again = (
    <p>
      <a href="/forgot-password">{texts.again}</a>
    </p>
  );
  if (result !== null) {
    return (
      <Page title={texts.title} narrow>
        <Notice tone="good">{texts.done}</Notice>
        <p>
          <a class="button primary" href="/sign-in">
            {labels.submit}
          </a>
        </p>
      </Page>
    );
  }
  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      {token === '' ? (
        <Notice tone="bad">
          <p>{texts.noToken}</p>
          {again}
        </Notice>
      ) : (
        <Form onSubmit={run} problem={problem} listViolations={violation === null} checksFields>
          {problem?.body.code === 'reset-link-invalid' && again}
          <TextField
            label={labels.password}
            hint={passwordHint}
            violation={violation}
            value={next}
            onChange={setNext}
            input={NEW_PASSWORD}
          />
          <Button look="primary" text={texts.submit} disabled={running} />
        </Form>
      )}
    </Page>
  );
}
