import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';

/** The parts of a letter that exist: HTML, text, headers, and what the page adds. */
export function LetterTabs(props: {
  letter: {
    html: string | null;
    text: string | null;
    headers: { name: string; value: string }[] | null;
  };
  last: Tab;
}) {
  const { letter, last } = props;
  const texts = useTexts(customer).letters;
  const { html, text, headers } = letter;
  const tabs: (Tab | null)[] = [
    html === null
      ? null
      : {
          name: 'html',
          label: texts.html,
          content: () => <LetterFrame html={html} title={texts.frame} />,
        },
    text === null
      ? null
      : { name: 'text', label: texts.text, content: () => <PlainText text={text} /> },
    headers === null
      ? null
      : {
          name: 'headers',
          label: texts.headers,
          content: () => <HeadersTable headers={headers} label={texts.headers} />,
        },
    last,
  ];
  return <Tabs label={texts.parts} tabs={tabs.filter((tab) => tab !== null)} />;
}

/** Text as it is, in a box that scrolls. */
export function PlainText({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre class="text" dir="auto" tabIndex={0}>
      {text}
    </pre>
  );
}

export interface Tab {
  name: string;
  label: string;
  content: () => ComponentChildren;
}

/** Tabs as the ARIA pattern describes them: Tab reaches one, arrows move between them. */
function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const current = Math.min(chosen, tabs.length - 1);
  const tab = tabs[current];

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next =
      step !== undefined
        ? (current + step + tabs.length) % tabs.length
        : { Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next);
    document.getElementById(`${id}-tab-${next}`)?.focus();
  }

  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map(({ name, label: text }, index) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-tab-${index}`}
            aria-selected={index === current}
            aria-controls={`${id}-panel`}
            tabIndex={index === current ? 0 : -1}
            onClick={() => setChosen(index)}
          >
            {text}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the ARIA pattern requires it, and it may scroll */}
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-tab-${current}`} tabIndex={0}>
        {tab?.content()}
      </div>
    </div>
  );
}

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

/** The headers of a message. */
export function HeadersTable(props: { label: string; headers: { name: string; value: string }[] }) {
  return (
    <table class="table headers" aria-label={props.label}>
      <tbody>
        {props.headers.map(({ name, value }, index) => (
          <tr key={index}>
            <th scope="row">{name}</th>
            <td>
              <bdi>{value}</bdi>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
