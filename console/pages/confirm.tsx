import { useLayoutEffect, useState } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction } from '../model/load.ts';
import { Form } from '../parts/form.tsx';
import { Notice } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { confirm } from '../texts/confirm.ts';

/**
 * Confirms the address of a letter. Only a click does it: mail scanners open links, too. Works
 * without signing in, as the link may be opened on another device.
 */
export function ConfirmPage() {
  const texts = useTexts(confirm);
  const { api, session } = useConsole();
  const [token, setToken] = useState(takeToken);
  useLayoutEffect(() => {
    // The link of another letter, opened in this tab.
    const onLink = () => setToken((last) => takeToken() || last);
    addEventListener('hashchange', onLink);
    return () => removeEventListener('hashchange', onLink);
  }, []);
  const { run, running, problem, result } = useAction(async () => {
    const answer = await api.send<{ email: string }>('POST', '/v1/confirmations', {
      body: { token },
    });
    return answer.body.email;
  });
  if (result !== null) {
    return (
      <Page title={texts.title} narrow>
        <Notice tone="good">{texts.done(result)}</Notice>
        <p>
          {session === null ? <a href="/sign-in">{texts.signIn}</a> : <a href="/">{texts.home}</a>}
        </p>
      </Page>
    );
  }
  if (token === '') {
    return (
      <Page title={texts.title} narrow>
        <Notice tone="bad">{texts.noToken}</Notice>
      </Page>
    );
  }
  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      <Form onSubmit={run} problem={problem} listViolations={false}>
        <Button look="primary" text={texts.submit} disabled={running} />
      </Form>
      <p class="quiet">{texts.notMine}</p>
    </Page>
  );
}

/** The token of the link. The address bar and the history do not keep it. */
function takeToken(): string {
  const token = location.hash.slice(1);
  if (token !== '') history.replaceState(history.state, '', location.pathname);
  return token;
}
