import { useState } from 'preact/hooks';
import type { AccountExport, ErasureReceipt } from '#contracts/privacy.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { download } from '../model/download.ts';
import { useAction } from '../model/load.ts';
import { Form, TextField, violationAt } from '../parts/form.tsx';
import { Problem } from '../parts/notices.tsx';
import { Button, Card } from '../parts/page.tsx';
import { yourData } from '../texts/your-data.ts';

// The gateway gives a large document this long.
const EXPORT_TIMEOUT_MS = 125_000;
const FILE = 'orderbell-export.json';

/** A copy of the own data, and their erasure; below the profile. */
export function YourData() {
  const texts = useTexts(yourData);
  return (
    <>
      <Card id="your-data" title={texts.title}>
        <p>{texts.exportLead}</p>
        <ExportButton />
      </Card>
      <EraseForm />
    </>
  );
}

function ExportButton() {
  const texts = useTexts(yourData);
  const { api } = useConsole();
  const { run, running, problem } = useAction(async () => {
    const data = await api.read<AccountExport>('/v1/account/export', {
      timeoutMs: EXPORT_TIMEOUT_MS,
    });
    download(FILE, 'application/json', JSON.stringify(data, null, 2));
  });
  return (
    <>
      <Problem problem={problem} />
      <Button text={texts.export} disabled={running} run={run} />
    </>
  );
}

function EraseForm() {
  const texts = useTexts(yourData);
  const { api, config, signOut } = useConsole();
  const [password, setPassword] = useState('');
  const [agreed, setAgreed] = useState(false);
  const { run, running, problem } = useAction(async () => {
    const given = config.signIn === 'password' ? { password } : {};
    const body = { confirm: 'erase my data', ...given };
    await api.send<ErasureReceipt>('POST', '/v1/account/erasure', { body });
    await signOut();
  });
  return (
    <Form onSubmit={run} problem={problem} checksFields label={texts.eraseTitle}>
      <h2>{texts.eraseTitle}</h2>
      <p>{texts.eraseLead}</p>
      {config.signIn === 'password' && (
        <TextField
          label={texts.password}
          violation={violationAt(problem, '/password')}
          value={password}
          onChange={setPassword}
          input={{
            type: 'password',
            autoComplete: 'current-password',
            required: true,
            maxLength: 128,
          }}
        />
      )}
      <label class="check">
        <input
          type="checkbox"
          required
          checked={agreed}
          onChange={(event) => setAgreed(event.currentTarget.checked)}
        />
        {` ${texts.agree}`}
      </label>
      <Button text={texts.erase} disabled={running} />
    </Form>
  );
}
