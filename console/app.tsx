import type { ComponentType } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, Route, Router } from 'preact-iso';
import { createApi } from './model/api.ts';
import { ConsoleContext, useConsole } from './model/context.ts';
import { useSession } from './model/session-state.ts';
import { useLanguage, useServerConfig, useTheme } from './model/state.ts';
import { ProfilePage, RegisterPage } from './pages/account.tsx';
import { ConfirmPage } from './pages/confirm.tsx';
import { DeadLetterPage, DeadLettersPage } from './pages/dead-letters.tsx';
import { FaultLabPage } from './pages/fault-lab.tsx';
import { HomePage } from './pages/home.tsx';
import { LedgerPage } from './pages/ledger.tsx';
import { LetterStudioPage } from './pages/letter-studio.tsx';
import { LetterPage, LettersPage } from './pages/letters.tsx';
import { MailboxPage } from './pages/mailbox.tsx';
import { NewOrderPage } from './pages/new-order.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { OperatorAuditPage } from './pages/operator-audit.tsx';
import { OperatorCustomerPage } from './pages/operator-customer.tsx';
import { OperatorCustomersPage } from './pages/operator-customers.tsx';
import { OperatorLetterPage } from './pages/operator-letter.tsx';
import { OperatorLettersPage } from './pages/operator-letters.tsx';
import { OperatorOperationsPage } from './pages/operator-operations.tsx';
import { OperatorOrderListPage } from './pages/operator-order-list.tsx';
import { OperatorOrderPage, OperatorPendingPage } from './pages/operator-orders.tsx';
import { OperatorOverviewPage } from './pages/operator-overview.tsx';
import { OperatorSearchPage } from './pages/operator-search.tsx';
import { OperatorWalletPage } from './pages/operator-wallet.tsx';
import { OrderPage } from './pages/order.tsx';
import { OrderAgainPage } from './pages/order-again.tsx';
import { OrdersPage } from './pages/orders.tsx';
import { ChangePasswordPage, ForgotPasswordPage, ResetPasswordPage } from './pages/password.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { WalletPage } from './pages/wallet.tsx';
import { WebhookDeliveriesPage, WebhookDeliveryPage } from './pages/webhook-deliveries.tsx';
import { WebhookEndpointPage } from './pages/webhook-endpoint.tsx';
import { AddWebhookPage, ofWebhooks, WebhooksPage } from './pages/webhooks.tsx';
import { AppFrame } from './parts/app-frame.tsx';
import { common } from './texts/common.ts';

// The browser loads other addresses itself.
const CONSOLE_PATHS = /^\/(?!docs|openapi\.json|asyncapi\.json)/;

/** Every page with its address; the gateway knows the same addresses (console-routes.ts). */
const PAGES: [path: string, page: ComponentType][] = [
  ['/', HomePage],
  ['/sign-in', SignInPage],
  ['/register', RegisterPage],
  ['/forgot-password', ForgotPasswordPage],
  ['/reset-password', ResetPasswordPage],
  ['/password', gated('customer', ChangePasswordPage)],
  ['/confirm', ConfirmPage],
  ['/profile', gated('customer', ProfilePage)],
  ['/wallet', gated('customer', WalletPage)],
  ['/orders', gated('customer', OrdersPage)],
  ['/orders/new', gated('customer', NewOrderPage)],
  ['/orders/:id', gated('customer', OrderPage)],
  ['/orders/:id/again', gated('customer', OrderAgainPage)],
  ['/letters', gated('customer', LettersPage)],
  ['/letters/:id', gated('customer', LetterPage)],
  ['/operator', gated('operator', OperatorOverviewPage)],
  ['/operator/search', gated('operator', OperatorSearchPage)],
  ['/operator/orders', gated('operator', OperatorOrderListPage)],
  ['/operator/pending', gated('operator', OperatorPendingPage)],
  ['/operator/orders/:id', gated('operator', OperatorOrderPage)],
  ['/operator/customers', gated('operator', OperatorCustomersPage)],
  ['/operator/customers/:id', gated('operator', OperatorCustomerPage)],
  ['/operator/operations', gated('operator', OperatorOperationsPage)],
  ['/operator/letters', gated('operator', OperatorLettersPage)],
  ['/operator/letters/:id', gated('operator', OperatorLetterPage)],
  ['/operator/letter-studio', gated('operator', LetterStudioPage)],
  ['/operator/dead-letters', gated('operator', DeadLettersPage)],
  ['/operator/dead-letters/:id', gated('operator', DeadLetterPage)],
  ['/operator/ledger', gated('operator', LedgerPage)],
  ['/operator/wallets', gated('operator', OperatorWalletPage)],
  ['/operator/audit', gated('operator', OperatorAuditPage)],
  ['/operator/fault-lab', gated('operator', FaultLabPage)],
  ['/operator/webhooks', gated('operator', ofWebhooks(WebhooksPage))],
  ['/operator/webhooks/new', gated('operator', ofWebhooks(AddWebhookPage))],
  ['/operator/webhooks/deliveries', gated('operator', ofWebhooks(WebhookDeliveriesPage))],
  ['/operator/webhooks/deliveries/:id', gated('operator', ofWebhooks(WebhookDeliveryPage))],
  ['/operator/webhooks/:id', gated('operator', ofWebhooks(WebhookEndpointPage))],
  // One route for both, so that the list stays while a letter is open.
  ['/mailbox/:id?', MailboxPage],
];

export function App() {
  const { config, waiting } = useServerConfig();
  const { authorize, finish, ...session } = useSession(config);
  const state = { ...useLanguage(), ...useTheme(), ...session };
  const { language } = state;
  const api = useMemo(() => {
    return createApi({ authorize, language, onExpired: finish, texts: common[language] });
  }, [authorize, language, finish]);
  if (config === null) {
    return (
      <p class="starting" role="status">
        {waiting ? common[language].connecting : ''}
      </p>
    );
  }
  return (
    <ConsoleContext.Provider value={{ ...state, api, config }}>
      <LocationProvider scope={CONSOLE_PATHS}>
        <AppFrame>
          <Pages />
        </AppFrame>
      </LocationProvider>
    </ConsoleContext.Provider>
  );
}

function Pages() {
  const [error, setError] = useState<Error | null>(null);
  if (error !== null) return <NotFoundPage error={error} />;
  return (
    <ErrorBoundary onError={setError}>
      <Router>
        {PAGES.map(([path, page]) => (
          <Route key={path} path={path} component={page} />
        ))}
        <Route default component={NotFoundPage} />
      </Router>
    </ErrorBoundary>
  );
}

/**
 * A page for signed-in people. Others get the sign-in form at the same address, and then the page.
 */
function gated(role: 'customer' | 'operator', Page: ComponentType): ComponentType {
  return function GatedPage() {
    const { session } = useConsole();
    if (session === null) return <SignInPage />;
    if (role === 'operator' && !session.operator) return <NotFoundPage />;
    // The key drops the page's state when another person signs in.
    return <Page key={session.customerId} />;
  };
}
