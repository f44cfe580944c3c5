import type { ComponentChildren } from 'preact';

/** One name and value of a `dl`. */
export function Fact(props: {
  label: string;
  class?: string | undefined;
  /** The label is for screen readers only. */
  quietLabel?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class={props.class}>
      <dt class={props.quietLabel ? 'unseen' : undefined}>{props.label}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
