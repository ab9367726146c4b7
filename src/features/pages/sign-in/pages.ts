import type { PageDefinition } from '../page.ts';
import { signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';

/** The pages on which people sign in, up and out. */
export const SIGN_IN_PAGES: readonly PageDefinition[] = [signIn, signOut];
