import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from './page.tsx';

/** A question before something that cannot be taken back. */
export function Question(props: {
  text: string;
  confirm: string;
  cancel: string;
  running: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const { text, confirm, cancel, running, onConfirm, onCancel } = props;
  const group = useRef<HTMLDivElement>(null);
  // Not the button: a second Enter must not confirm.
  useLayoutEffect(() => group.current?.focus(), []);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would show as one more card
    <div ref={group} class="form" role="group" aria-label={text} tabIndex={-1}>
      <p>{text}</p>
      <div class="actions">
        <Button look="primary" text={confirm} disabled={running} run={onConfirm} />
        <Button text={cancel} disabled={running} run={onCancel} />
      </div>
    </div>
  );
}
