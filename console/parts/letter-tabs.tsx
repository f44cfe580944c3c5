import { HeadersTable } from './headers-table.tsx';
import { LetterFrame } from './letter-frame.tsx';
import { type Tab, Tabs } from './tabs.tsx';

/** The parts of a letter that exist: HTML, text, headers, and what the page adds. */
export function LetterTabs(props: {
  letter: {
    html: string | null;
    text: string | null;
    headers: { name: string; value: string }[] | null;
  };
  texts: { parts: string; html: string; text: string; headers: string; frame: string };
  last: Tab;
}) {
  const { letter, texts, last } = props;
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
