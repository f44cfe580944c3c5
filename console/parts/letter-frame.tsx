import { useEffect, useRef } from 'preact/hooks';

/**
 * A letter's HTML in a frame of its own document (`letter.html`): nothing in it runs, nothing is
 * fetched, and it cannot reach this page.
 */
export function LetterFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const window = frame.current?.contentWindow;
    // Sandboxed, the frame has no origin that could be named.
    const post = () => window?.postMessage({ html, title }, '*');
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
      sandbox="allow-scripts"
      referrerpolicy="no-referrer"
    />
  );
}
