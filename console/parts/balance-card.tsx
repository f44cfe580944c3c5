import type { ComponentChildren } from 'preact';
import type { Wallet } from '#contracts/billing.ts';
import type { Loaded } from '../model/load.ts';
import { Loading } from './notices.tsx';
import { Money } from './values.tsx';

/** What is in the customer's wallet. */
export function BalanceCard(props: {
  wallet: Loaded<Wallet>;
  /** Of the card, for screen readers. */
  name: string;
  label: string;
  children?: ComponentChildren;
}) {
  return (
    <section class="card balance" aria-label={props.name}>
      <p class="label">{props.label}</p>
      <Loading loaded={props.wallet}>
        {({ balance }) => (
          <p class="figure">
            <Money value={balance} />
          </p>
        )}
      </Loading>
      {props.children}
    </section>
  );
}
