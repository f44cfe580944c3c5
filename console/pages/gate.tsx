import type { ComponentType } from 'preact';
import { useConsole } from '../model/context.ts';
import { NotFoundPage } from './not-found.tsx';
import { SignInPage } from './sign-in.tsx';

/**
 * A page for signed-in people. Others get the sign-in form at the same address, and then the page.
 */
export function gated(role: 'customer' | 'operator', Page: ComponentType): ComponentType {
  return function GatedPage() {
    const { session } = useConsole();
    if (session === null) return <SignInPage />;
    if (role === 'operator' && !session.operator) return <NotFoundPage />;
    // The key drops the page's state when another person signs in.
    return <Page key={session.customerId} />;
  };
}
