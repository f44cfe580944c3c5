import { useEffect, useState } from 'preact/hooks';
import { useTexts } from '../model/context.ts';
import { common } from '../texts/common.ts';

const SHOWN_MS = 3_000;

/** Copies a text, and says whether that worked. @param what names it for screen readers */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const texts = useTexts(common);
  const [copied, setCopied] = useState<boolean | null>(null);
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    // Only pages from https or this machine may write to the clipboard.
    const written = navigator.clipboard?.writeText(text) ?? Promise.reject();
    written.then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <span class="copy">
      <button type="button" class="plain small" aria-label={texts.copyOf(what)} onClick={copy}>
        {texts.copy}
      </button>
      <span class="quiet" role="status">
        {copied === null ? '' : copied ? texts.copied : texts.notCopied}
      </span>
    </span>
  );
}

/** A text that programs made, with a button that copies it. */
export function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <span class="copyable">
      <code>{text}</code> <CopyButton text={text} what={what} />
    </span>
  );
}
