import { useState } from 'preact/hooks';
import type { WebhookEndpointData, WebhookStatus } from '#contracts/webhooks.ts';
import type { ApiProblem } from '../model/api.ts';
import { useTexts } from '../model/context.ts';
import { dataOf, faultsOf, STATUSES } from '../model/webhooks.ts';
import { webhooks } from '../texts/webhooks.ts';
import { Form, TextField, violationAt } from './form.tsx';
import { Button } from './page.tsx';

const POINTERS = ['/url', '/description', '/statuses'];

/** The data of an endpoint: address, description, and which orders it hears about. */
export function WebhookForm(props: {
  label: string;
  initial: WebhookEndpointData;
  submit: string;
  running: boolean;
  problem: ApiProblem | null;
  onSubmit: (data: WebhookEndpointData) => void;
}) {
  const { label, initial, submit, running, problem, onSubmit } = props;
  const texts = useTexts(webhooks);
  const [data, setData] = useState(initial);
  const [checked, setChecked] = useState(false);
  const faults = faultsOf(data);
  const set = (change: Partial<WebhookEndpointData>) => setData({ ...data, ...change });
  // The server's answer is about what was sent: it goes with the next problem or success.
  const violation = (name: keyof typeof faults, text: string) =>
    checked && faults[name] ? text : violationAt(problem, `/${name}`);
  const run = () => {
    setChecked(true);
    if (!Object.values(faults).includes(true)) onSubmit(dataOf(data));
  };
  const shown = POINTERS.some((pointer) => violationAt(problem, pointer) !== null);
  return (
    <Form label={label} problem={problem} listViolations={!shown} onSubmit={run}>
      <TextField
        label={texts.url}
        hint={texts.urlHint}
        violation={violation('url', texts.urlViolation)}
        value={data.url}
        onChange={(url) => set({ url })}
        input={{ inputMode: 'url', spellcheck: false, autoComplete: 'off' }}
      />
      <TextField
        label={texts.description}
        hint={texts.descriptionHint}
        violation={violation('description', texts.descriptionViolation)}
        value={data.description}
        onChange={(description) => set({ description })}
        input={{ autoComplete: 'off' }}
      />
      <Statuses
        chosen={data.statuses}
        onChange={(statuses) => set({ statuses })}
        violation={violation('statuses', texts.eventsViolation)}
      />
      <Button look="primary" text={submit} disabled={running} />
    </Form>
  );
}

function Statuses(props: {
  chosen: WebhookStatus[];
  onChange: (statuses: WebhookStatus[]) => void;
  violation: string | null;
}) {
  const { chosen, onChange, violation } = props;
  const texts = useTexts(webhooks);
  return (
    <fieldset class="choice" aria-describedby={violation === null ? undefined : 'no-status'}>
      <legend>{texts.events}</legend>
      {STATUSES.map((status) => (
        <label key={status}>
          <input
            type="checkbox"
            checked={chosen.includes(status)}
            onChange={({ currentTarget: { checked } }) =>
              onChange(checked ? [...chosen, status] : chosen.filter((each) => each !== status))
            }
          />
          <span>{texts.statuses[status]}</span>
        </label>
      ))}
      {violation !== null && (
        <p id="no-status" class="error">
          {violation}
        </p>
      )}
    </fieldset>
  );
}
