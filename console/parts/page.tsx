// parts/: components that pages share. They need model/ and texts/.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { scrollOpened } from '../model/scroll.ts';

let opened = 0;

/**
 * A page with its heading. It sets the title of the tab. After a change of page it focuses the
 * heading, so that screen readers and keyboards start there.
 */
export function Page(props: {
  title: string;
  /** The title of the tab, where the heading alone does not tell it from others. */
  tab?: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  /** For a page with a single form. */
  narrow?: boolean;
  children: ComponentChildren;
}) {
  const { title, tab = title, lead, actions, narrow = false, children } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${tab} · Orderbell`;
  }, [tab]);
  // Before the page is drawn: a later change would take the focus from a field in use.
  useLayoutEffect(() => {
    // Not for the first page: the browser itself starts at the top.
    if (opened++ > 0) {
      heading.current?.focus({ preventScroll: true });
      scrollOpened();
    }
  }, []);
  return (
    <div class={narrow ? 'page narrow' : 'page'}>
      <div class="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
        </div>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Card(props: {
  id: string;
  title: string;
  /** Its figures are the last known ones. */
  outdated?: boolean;
  children: ComponentChildren;
}) {
  return (
    <section class={props.outdated ? 'card outdated' : 'card'} aria-labelledby={props.id}>
      <h2 id={props.id}>{props.title}</h2>
      {props.children}
    </section>
  );
}

/** A button; without `run` it submits its form. */
export function Button(props: {
  text: string;
  /** Its name for screen readers, where the text alone is not clear. */
  label?: string;
  look?: 'primary' | 'plain' | undefined;
  disabled?: boolean;
  run?: () => void;
}) {
  const { text, label, look, disabled, run } = props;
  const type = run === undefined ? 'submit' : 'button';
  return (
    <button type={type} class={look} aria-label={label} disabled={disabled} onClick={run}>
      {text}
    </button>
  );
}
