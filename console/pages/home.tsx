// pages/: one file per page; app.tsx knows their addresses. They need parts/, model/ and texts/.

import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Wallet } from '#contracts/billing.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { Profile } from '#contracts/profiles.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Empty, Loading } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { account } from '../texts/account.ts';
import { common } from '../texts/common.ts';
import { customer } from '../texts/customer.ts';
import { OrderList } from './orders.tsx';
import { BalanceCard } from './wallet.tsx';

/** The start page: an introduction for guests, balance and latest orders for customers. */
export function HomePage() {
  const { session } = useConsole();
  const { route } = useLocation();
  const operator = session?.operator ?? false;
  useEffect(() => {
    if (operator) route('/operator', true);
  }, [operator, route]);
  if (operator) return null;
  return session === null ? <Welcome /> : <Start key={session.customerId} />;
}

function Welcome() {
  const texts = useTexts(account);
  const { config } = useConsole();
  return (
    <Page
      title={texts.home.title}
      lead={texts.home.lead}
      actions={
        <>
          {config.signIn === 'password' && (
            <a class="button primary" href="/register">
              {texts.signIn.register}
            </a>
          )}
          <a class="button" href="/sign-in">
            {texts.signIn.submit}
          </a>
        </>
      }
    >
      <h2>{texts.home.howTitle}</h2>
      <ol class="how">
        {texts.home.how.map(([title, text]) => (
          <li key={title} class="card">
            <h3>{title}</h3>
            <p>{text}</p>
          </li>
        ))}
      </ol>
    </Page>
  );
}

function Start() {
  const { home } = useTexts(account);
  const texts = useTexts(customer);
  const { wallet: walletWord } = useTexts(common);
  const { api, language } = useConsole();
  const profile = useLoad('profile', (signal) => api.read<Profile>('/v1/profile', { signal }));
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const orders = useLoad(`orders ${language}`, (signal) =>
    api.read<PageOf<PublicOrder>>('/v1/orders', { query: { limit: 5 }, signal }),
  );
  return (
    <Page
      title={home.hello(profile.data?.name ?? '')}
      actions={
        <a class="button primary" href="/orders/new">
          {texts.orders.create}
        </a>
      }
    >
      <BalanceCard wallet={wallet} name={walletWord} label={texts.newOrder.onWallet}>
        <a href="/wallet">{texts.wallet.topUp}</a>
      </BalanceCard>
      <div class="section-head">
        <h2>{home.latestOrders}</h2>
        <a href="/orders">{home.allOrders}</a>
      </div>
      <Loading loaded={orders}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title={texts.orders.none} hint={texts.orders.noneHint} />
          ) : (
            <OrderList orders={data} />
          )
        }
      </Loading>
    </Page>
  );
}
