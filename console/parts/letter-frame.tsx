import { useEffect, useRef } from 'preact/hooks';

/**
 * A letter's HTML. The frame is the console's document `letter.html` with its own policy. It shows
 * the letter in a sandboxed frame, which runs no script, fetches nothing and cannot reach this page.
 */
export function LetterFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const window = frame.current?.contentWindow;
    const post = () => window?.postMessage({ html, title }, location.origin);
    const onReady = (event: MessageEvent) => {
      if (event.source === window && event.data === 'letter-frame-ready') post();
    };
    addEventListener('message', onReady);
    post();
    return () => removeEventListener('message', onReady);
  }, [html, title]);
  return (
    <iframe
      ref={frame}
      class="letter-frame"
      title={title}
      src="/letter.html"
      referrerpolicy="no-referrer"
    />
  );
}
