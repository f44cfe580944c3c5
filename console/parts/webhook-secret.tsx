import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useTexts } from '../model/context.ts';
import { webhooks } from '../texts/webhooks.ts';
import { Field } from './form.tsx';
import { Notice } from './notices.tsx';
import { Button } from './page.tsx';

/** A new secret, which is shown only here. */
export function WebhookSecret({
  secret,
  children,
}: {
  secret: string;
  children?: ComponentChildren;
}) {
  const texts = useTexts(webhooks).secret;
  const [copied, setCopied] = useState<boolean | null>(null);
  const card = useRef<HTMLElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // The button that was pressed is gone, and readers must hear that this is shown once.
  useLayoutEffect(() => card.current?.focus(), [secret]);
  const copy = () => {
    // Only pages from https or this machine may write to the clipboard.
    const written = navigator.clipboard?.writeText(secret) ?? Promise.reject();
    written.then(
      () => setCopied(true),
      () => {
        setCopied(false);
        field.current?.select();
      },
    );
  };
  return (
    <section ref={card} class="card form" aria-labelledby="webhook-secret" tabIndex={-1}>
      <h2 id="webhook-secret">{texts.title}</h2>
      <Notice tone="wait">{texts.once}</Notice>
      <Field label={texts.label}>
        {(ties) => (
          <input
            {...ties}
            ref={field}
            class="secret"
            readOnly
            value={secret}
            onFocus={(event) => event.currentTarget.select()}
          />
        )}
      </Field>
      <div class="actions">
        <Button look="primary" text={texts.copy} run={copy} />
        {children}
      </div>
      {copied !== null && (
        <Notice tone={copied ? 'good' : 'bad'}>{copied ? texts.copied : texts.notCopied}</Notice>
      )}
    </section>
  );
}
