import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { SessionTokens } from '#contracts/identity.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { type Issuer, isReturn, leaveForIssuer, returnFromIssuer } from '../model/issuer.ts';
import { useAction } from '../model/load.ts';
import { credentialOf } from '../model/own-session.ts';
import { type Credential, sessionOf } from '../model/session.ts';
import { Field, Form, TextField } from '../parts/form.tsx';
import { Notice } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { account } from '../texts/account.ts';

/** Signing in; at the address of another page, that page follows. */
export function SignInPage() {
  const texts = useTexts(account).signIn;
  const { end, config } = useConsole();
  const expired = end === 'expired';
  const { path } = useLocation();
  const asked = path !== '/sign-in';
  return (
    <Page title={texts.title} narrow>
      {expired && <Notice tone="wait">{texts.expired}</Notice>}
      {asked && !expired && <p>{texts.needed}</p>}
      <Way />
      {config.signIn === 'password' && (
        <p class="quiet">
          {texts.noAccount} <a href="/register">{texts.register}</a>
          <br />
          <a href="/forgot-password">{texts.forgot}</a>
        </p>
      )}
    </Page>
  );
}

function Way() {
  const { config } = useConsole();
  if (config.issuer !== null) return <IssuerWay issuer={config.issuer} />;
  return config.signIn === 'password' ? <PasswordForm /> : <TokenForm />;
}

/** Starts the session; from the pages of the forms it goes on to the start page. */
function useSignedIn(): (credential: Credential) => void {
  const { signIn, config } = useConsole();
  const { path, route } = useLocation();
  return (credential) => {
    const session = sessionOf(credential, config.operator);
    signIn(session);
    if (path === '/sign-in' || path === '/register')
      route(session.operator ? '/operator' : '/', true);
  };
}

export function usePasswordSignIn() {
  const { api } = useConsole();
  const signedIn = useSignedIn();
  return async (body: { email: string; password: string }) => {
    const answer = await api.send<SessionTokens>('POST', '/v1/sessions', { body });
    signedIn(credentialOf(answer.body, body.email));
  };
}

function PasswordForm() {
  const texts = useTexts(account).signIn;
  const signInWith = usePasswordSignIn();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { run, running, problem } = useAction(() => signInWith({ email: email.trim(), password }));
  return (
    <Form onSubmit={run} problem={problem} checksFields>
      <TextField
        label={texts.email}
        value={email}
        onChange={setEmail}
        input={{ type: 'email', autoComplete: 'username', required: true }}
      />
      <TextField
        label={texts.password}
        value={password}
        onChange={setPassword}
        input={{
          type: 'password',
          autoComplete: 'current-password',
          required: true,
          maxLength: 128,
        }}
      />
      <Button look="primary" text={texts.submit} disabled={running} />
    </Form>
  );
}

/** Sends the person to the issuer's page, and takes the token when they come back. */
function IssuerWay({ issuer }: { issuer: Issuer }) {
  const texts = useTexts(account).signIn;
  const { signIn, expire, config } = useConsole();
  const { url, query, route } = useLocation();
  const returned = isReturn(query);
  // From a page that stays open (app-frame.tsx).
  const isAsked = query.now !== undefined;
  const [elsewhere, setElsewhere] = useState(false);
  const leave = useAction(() => leaveForIssuer(issuer, returned || isAsked ? '/' : url));
  const arrive = useAction(async () => {
    const arrival = await returnFromIssuer(issuer, new URL(location.href));
    if (arrival === null) return setElsewhere(true);
    if (arrival.credential === null) expire();
    else signIn(sessionOf(arrival.credential, config.operator));
    route(arrival.from.startsWith('/sign-in') ? '/' : arrival.from, true);
  });
  useEffect(() => {
    if (returned) arrive.run();
    else if (isAsked) leave.run();
  }, [returned, isAsked]);
  const problem = leave.problem ?? arrive.problem;
  return (
    <div class="card form">
      {(elsewhere || problem !== null) && (
        <Notice tone="bad">
          <p class="notice-title">{texts.issuerFailed}</p>
          <p>{problem === null ? texts.issuerElsewhere : texts.issuerRetry}</p>
          {problem !== null && <p class="quiet">{problem.body.detail}</p>}
        </Notice>
      )}
      <p>{texts.issuerLead(new URL(issuer.url).host)}</p>
      <Button
        look="primary"
        text={texts.issuer}
        disabled={leave.running || arrive.running}
        run={leave.run}
      />
    </div>
  );
}

function TokenForm() {
  const texts = useTexts(account).signIn;
  const signedIn = useSignedIn();
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = () => {
    try {
      signedIn({ token: token.trim(), email: '' });
    } catch {
      setWrong(true);
    }
  };
  return (
    <Form onSubmit={submit} checksFields>
      <Field
        label={texts.token}
        hint={texts.tokenHint}
        violation={wrong ? texts.tokenViolation : null}
      >
        {(ties) => (
          <textarea
            {...ties}
            rows={5}
            required
            spellcheck={false}
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        )}
      </Field>
      <Button look="primary" text={texts.submit} />
    </Form>
  );
}
