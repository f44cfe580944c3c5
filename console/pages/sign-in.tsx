import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { AccessToken } from '#contracts/identity.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { type Issuer, isReturn, leaveForIssuer, returnFromIssuer } from '../model/issuer.ts';
import { useAction } from '../model/load.ts';
import { type Credential, sessionOf } from '../model/session.ts';
import { Field, TextField } from '../parts/field.tsx';
import { Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { customer } from '../texts/customer.ts';

/** Sign in; at the address of a page that needs it, that page follows. */
export function SignInPage() {
  const texts = useTexts(customer).signIn;
  const { expired, facts } = useConsole();
  const { path } = useLocation();
  const asked = path !== '/sign-in';
  return (
    <Page title={texts.title} narrow>
      {expired && <Notice tone="wait">{texts.expired}</Notice>}
      {asked && !expired && <p>{texts.needed}</p>}
      <Way />
      {facts.signIn === 'password' && (
        <p class="quiet">
          {texts.noAccount} <a href="/register">{texts.register}</a>
        </p>
      )}
    </Page>
  );
}

function Way() {
  const { facts } = useConsole();
  if (facts.issuer !== null) return <IssuerWay issuer={facts.issuer} />;
  return facts.signIn === 'password' ? <PasswordForm /> : <TokenForm />;
}

/** Goes on after signing in: from the page of the form itself to the person's first page. */
export function useSignedIn(): (credential: Credential) => void {
  const { signIn, facts } = useConsole();
  const { path, route } = useLocation();
  return (credential) => {
    const session = sessionOf(credential, facts.operator);
    signIn(session);
    if (path === '/sign-in' || path === '/register')
      route(session.operator ? '/operator' : '/', true);
  };
}

function PasswordForm() {
  const texts = useTexts(customer).signIn;
  const { api } = useConsole();
  const signedIn = useSignedIn();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { run, running, problem } = useAction(async () => {
    const body = { email: email.trim(), password };
    const answer = await api.send<AccessToken>('POST', '/v1/sessions', { body });
    const { accessToken: token, expiresIn } = answer.body;
    signedIn({ token, email: body.email, expiresIn });
  });
  return (
    <form
      class="card form"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      {problem !== null && <Problem problem={problem} />}
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
      <button type="submit" class="primary" disabled={running}>
        {texts.submit}
      </button>
    </form>
  );
}

/** To the issuer's own page, and what it sends back. */
function IssuerWay({ issuer }: { issuer: Issuer }) {
  const texts = useTexts(customer).signIn;
  const { signIn, facts } = useConsole();
  const { url, query, route } = useLocation();
  const returned = isReturn(query);
  const leave = useAction(() => leaveForIssuer(issuer, returned ? '/' : url));
  const arrive = useAction(async () => {
    const { credential, from } = await returnFromIssuer(issuer, new URL(location.href));
    signIn(sessionOf(credential, facts.operator));
    route(from.startsWith('/sign-in') ? '/' : from, true);
  });
  useEffect(() => {
    if (returned) arrive.run();
  }, [returned]);
  const problem = leave.problem ?? arrive.problem;
  return (
    <div class="card form">
      {problem !== null && (
        <Notice tone="bad">
          <p class="notice-title">{texts.issuerFault}</p>
          <p>{problem.body.detail}</p>
        </Notice>
      )}
      <p>{texts.issuerLead(new URL(issuer.url).host)}</p>
      <button
        type="button"
        class="primary"
        disabled={leave.running || arrive.running}
        onClick={leave.run}
      >
        {texts.issuer}
      </button>
    </div>
  );
}

function TokenForm() {
  const texts = useTexts(customer).signIn;
  const signedIn = useSignedIn();
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState(false);
  return (
    <form
      class="card form"
      onSubmit={(event) => {
        event.preventDefault();
        try {
          signedIn({ token: token.trim(), email: '' });
        } catch {
          setWrong(true);
        }
      }}
    >
      <Field label={texts.token} hint={texts.tokenHint} fault={wrong ? texts.tokenFault : null}>
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
      <button type="submit" class="primary">
        {texts.submit}
      </button>
    </form>
  );
}
