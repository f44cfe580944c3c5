import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { REASON_MAX, VISIBLE_TEXT } from '#contracts/patterns.ts';
import { useTexts } from '../model/context.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';
import { Form, TextField } from './form.tsx';
import { Button } from './page.tsx';

const REASON = new RegExp(VISIBLE_TEXT, 'u');

/** Asks for the reason of an action before it is done. The Escape key closes it. */
export function ReasonDialog(props: {
  title: string;
  confirm: string;
  hint: string;
  running: boolean;
  /** What the last try came to. */
  problem: ComponentChildren;
  onConfirm: (reason: string) => void;
  onCancel: () => void;
  children: ComponentChildren;
}) {
  const { title, confirm, hint, running, onConfirm, onCancel } = props;
  const texts = useTexts(operatorWallet);
  const [reason, setReason] = useState('');
  const [checked, setChecked] = useState(false);
  const text = reason.trim();
  const valid = REASON.test(text) && text.length <= REASON_MAX;
  const submit = () => {
    setChecked(true);
    if (valid) onConfirm(text);
  };
  return (
    <Dialog title={title} onClose={onCancel}>
      <Form class="form" label={title} onSubmit={submit}>
        {props.problem}
        {props.children}
        <TextField
          label={texts.reason}
          hint={hint}
          violation={checked && !valid ? texts.reasonViolation : null}
          value={reason}
          onChange={setReason}
          input={{ maxLength: REASON_MAX, autoComplete: 'off' }}
        />
        <div class="actions">
          <Button look="primary" text={confirm} disabled={running} />
          <Button text={texts.cancel} run={onCancel} />
        </div>
      </Form>
    </Dialog>
  );
}

/** A modal dialog, open while it is drawn. The focus returns to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const { title, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const { current } = dialog;
    current?.showModal();
    current?.querySelector('input')?.focus();
    // Returns the focus to where it was, which the removal alone would not.
    return () => current?.close();
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}
