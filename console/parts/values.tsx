import type { ComponentChildren } from 'preact';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { OrderStatus } from '#contracts/orders.ts';
import { useConsole } from '../model/context.ts';
import { formatMoment, formatMomentInFull, formatMoney, shortId } from '../model/format.ts';

export function Money({ value, sign = false }: { value: MoneyValue; sign?: boolean }) {
  const { language } = useConsole();
  return <span class="money">{formatMoney(value, language, { sign })}</span>;
}

export function Moment({ at }: { at: string }) {
  const { language } = useConsole();
  return (
    <time
      dateTime={at}
      title={formatMomentInFull(at, language)}
      // For paper, where nobody knows what «today» was: with the date and the year.
      data-printed={formatMoment(at, language, 0)}
    >
      {formatMoment(at, language, Date.now())}
    </time>
  );
}

/** The end of an id, with the whole id as tooltip. */
export function Id({ value }: { value: string }) {
  return (
    <code class="id" title={value}>
      {shortId(value)}
    </code>
  );
}

/** The colour of a state, in addition to its words. */
export type Tone = 'good' | 'bad' | 'wait' | 'quiet';

export function Pill({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`pill ${tone}`}>{children}</span>;
}

const TONES: Record<OrderStatus, Tone> = { Paid: 'good', Cancelled: 'bad', Pending: 'wait' };

export function StatusPill({ status, label }: { status: OrderStatus; label: string }) {
  return <Pill tone={TONES[status]}>{label}</Pill>;
}

/** One name and value of a `dl`; nothing without a value. */
export function Fact(props: {
  label: string;
  class?: string | undefined;
  /** The label is for screen readers only. */
  quietLabel?: boolean;
  /** The value, if it is a moment. */
  at?: string | null;
  /** The value, if it is an id. */
  code?: string | null | undefined;
  /** The value, if a person wrote it. */
  text?: string | null;
  children?: ComponentChildren;
}) {
  const { at, code, text = null, children = text !== null && <bdi>{text}</bdi> } = props;
  const value = at ? <Moment at={at} /> : code ? <code>{code}</code> : children;
  if (value === false) return null;
  return (
    <div class={props.class}>
      <dt class={props.quietLabel ? 'unseen' : undefined}>{props.label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
