import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { REASON_MAX, VISIBLE_TEXT } from '#contracts/patterns.ts';
import type { ApiProblem } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import type { Selection } from '../model/selection.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { Form, TextField } from './form.tsx';
import { Button } from './page.tsx';

/** Above a list: chooses all its rows, says how many are chosen, and holds what is done to them. */
export function SelectionBar(props: { selection: Selection; children: ComponentChildren }) {
  const texts = useTexts(letterRepair);
  const { language } = useConsole();
  const { ids, all, toggleAll } = props.selection;
  const some = ids.length > 0 && !all;
  return (
    <div class="card selection-bar">
      <label>
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box !== null) box.indeterminate = some;
          }}
          onChange={toggleAll}
        />
        <span>{texts.selectAll}</span>
      </label>
      <p class="quiet" role="status">
        {ids.length > 0 && texts.selected(formatNumber(ids.length, language))}
      </p>
      {ids.length > 0 && <div class="actions">{props.children}</div>}
    </div>
  );
}

/** The box of one row. */
export function SelectBox(props: { selection: Selection; id: string; label: string }) {
  const { selection, id, label } = props;
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={selection.has(id)}
      onChange={() => selection.toggle(id)}
    />
  );
}

const REASON = new RegExp(VISIBLE_TEXT, 'u');

/** Asks for the reason of a decision before it is carried out. */
export function ReasonForm(props: {
  /** What is done, on the button. */
  action: string;
  /** What follows from it. */
  ask: string;
  running: boolean;
  problem: ApiProblem | null;
  onSubmit: (reason: string) => void;
  onCancel: () => void;
}) {
  const { action, ask, running, problem, onSubmit, onCancel } = props;
  const texts = useTexts(letterRepair);
  const { language } = useConsole();
  const [reason, setReason] = useState('');
  const [checked, setChecked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), []);
  const text = reason.trim();
  const valid = REASON.test(text) && text.length <= REASON_MAX;
  const submit = () => {
    setChecked(true);
    if (valid) onSubmit(text);
  };
  return (
    <Form form={form} label={action} problem={problem} onSubmit={submit}>
      <p>{ask}</p>
      <TextField
        label={texts.reason}
        hint={texts.reasonHint}
        violation={
          checked && !valid ? texts.reasonViolation(formatNumber(REASON_MAX, language)) : null
        }
        value={reason}
        onChange={setReason}
        input={{ maxLength: REASON_MAX }}
      />
      <div class="actions">
        <Button look="primary" text={action} disabled={running} />
        <Button text={texts.cancel} disabled={running} run={onCancel} />
      </div>
    </Form>
  );
}
