import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { customerHref } from '../parts/customer-link.tsx';

/** The address that wallets of customers had: leads to the customer, or to all of them. */
export function OperatorWalletPage() {
  const { query, route } = useLocation();
  const href = query.customer === undefined ? '/operator/customers' : customerHref(query.customer);
  useEffect(() => route(href, true), [href]);
  return null;
}
