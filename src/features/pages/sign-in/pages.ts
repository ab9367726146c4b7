import type { PageDefinition } from '../page.ts';
import { codePage } from './code.ts';
import { factorPage } from './factor.ts';
import { forgotPage, resetPage } from './reset.ts';
import { returnPage } from './return.ts';
import { signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { signUp } from './sign-up.ts';
import { verifyPage } from './verify.ts';

/** The pages on which people sign in, up and out. */
export const SIGN_IN_PAGES: readonly PageDefinition[] = [
  signIn,
  codePage,
  factorPage,
  returnPage,
  signUp,
  verifyPage,
  forgotPage,
  resetPage,
  signOut,
];
