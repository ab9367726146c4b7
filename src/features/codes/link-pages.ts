import type { Challenge } from '../../core/codes/challenge.ts';
import type { Codes } from '../../core/codes/codes.ts';
import { sourceOf, withParameter } from '../../core/sign-in/return-to.ts';
import type { Exchange } from '../../http/exchange.ts';
import { leadTo, type Page, showPage } from '../../http/page.ts';
import type { LinkDetails } from './request.ts';
import type { CodeSignIn } from './sign-in.ts';

export interface LinkPageOptions {
  readonly codes: Pick<Codes, 'open' | 'turnIntoCode'>;
  readonly codeSignIn: CodeSignIn;
  /** Whether a link signs in any device that opens it. */
  readonly anyDevice: boolean;
}

type Client = Pick<Exchange, 'remembersLink' | 'beginSignIn' | 'origin'>;

export type LinkPages = ReturnType<typeof createLinkPages>;

/**
 * The pages of a sign-in link. Opening one changes nothing, since mail scanners open links as well; its button does. On the
 * device that asked it signs in and leads back to the app. On another it shows a code to type where one asked: whoever has
 * somebody else open a link gains nothing.
 */
export function createLinkPages({ codes, codeSignIn, anyDevice }: LinkPageOptions) {
  /** @throws AppError invalid_link, code_used, code_replaced, code_expired */
  async function show(token: string, client: Client) {
    const challenge = await codes.open(token, ['sign_in_link']);
    const { returnTo } = detailsOf(challenge);
    return showPage(
      returnTo !== null && isAtHome(challenge, client) ? signInPage(returnTo) : OTHER_DEVICE_PAGE,
    );
  }

  /** @throws AppError the same, and those of a sign-in */
  async function press(token: string, client: Client) {
    const challenge = await codes.open(token, ['sign_in_link']);
    const { returnTo, transport } = detailsOf(challenge);
    if (returnTo === null || !isAtHome(challenge, client))
      return showPage(codePage(await codes.turnIntoCode(challenge)));
    if (transport === 'token')
      return leadTo(withParameter(returnTo, 'code', await codeSignIn.signInLater(challenge, client.origin)));
    const { client: signInClient, complete } = await client.beginSignIn('cookie');
    await complete(await codeSignIn.signIn(challenge, signInClient));
    return leadTo(returnTo);
  }

  function isAtHome({ id }: Challenge, { remembersLink }: Client): boolean {
    return anyDevice || remembersLink(id);
  }

  return { show, press };
}

function detailsOf({ details }: Challenge): LinkDetails {
  return details as LinkDetails;
}

function signInPage(returnTo: string): Page {
  return {
    title: 'Sign in',
    paragraphs: [`You asked for a link to sign in. It takes you back to ${new URL(returnTo).host}.`],
    form: { button: 'Sign in', leadsTo: [sourceOf(returnTo)] },
  };
}

const OTHER_DEVICE_PAGE: Page = {
  title: 'Finish where you started',
  paragraphs: [
    'This link was asked for on another device or in another browser. You get a code to type in there.',
    'If you did not ask to sign in, close this page. Never give a code to anybody, whoever asks for it.',
  ],
  form: { button: 'Show the code' },
};

function codePage(code: string): Page {
  return {
    title: 'Your code',
    paragraphs: ['Type it in where you asked to sign in, and nowhere else.'],
    code,
  };
}
