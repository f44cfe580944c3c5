import type { ComponentType } from 'preact';
import { useConsole } from '../model/context.ts';
import { NotFoundPage } from './not-found.tsx';
import { SignInPage } from './sign-in.tsx';

/**
 * A page for signed-in people. Who is not, or not any more, signs in at the same address and then
 * sees what was asked for.
 */
export function gated(who: 'customer' | 'operator', Page: ComponentType): ComponentType {
  return function GatedPage() {
    const { session } = useConsole();
    if (session === null) return <SignInPage />;
    if (who === 'operator' && !session.operator) return <NotFoundPage />;
    // Another person signs in: nothing of the former one's page may stay.
    return <Page key={session.customerId} />;
  };
}
