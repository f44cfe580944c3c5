import { Id } from './values.tsx';

/** The address of a customer's page. */
export function customerHref(id: string): string {
  return `/operator/customers/${encodeURIComponent(id)}`;
}

export function CustomerLink({ id }: { id: string }) {
  return (
    <a href={customerHref(id)}>
      <Id value={id} />
    </a>
  );
}
