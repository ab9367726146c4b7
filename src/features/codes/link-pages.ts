import type { Clock } from '../../core/clock.ts';
import type { Challenge } from '../../core/codes/challenge.ts';
import type { Codes } from '../../core/codes/codes.ts';
import { AppError } from '../../core/errors.ts';
import { sourceOf, withParameter } from '../../core/sign-in/return-to.ts';
import type { Exchange } from '../../http/exchange.ts';
import { leadTo, type Page, showPage } from '../../http/page.ts';
import { linkErrors, type PageErrorWords } from '../../http/page-errors.ts';
import { sentBack } from '../../http/sent-back.ts';
import type { LinkDetails } from './request.ts';
import type { CodeSignIn } from './sign-in.ts';

export interface LinkPageOptions {
  readonly codes: Pick<Codes, 'open' | 'turnIntoCode'>;
  readonly codeSignIn: CodeSignIn;
  readonly clock: Clock;
  /** Whether a link signs in any device that opens it. */
  readonly anyDevice: boolean;
}

type Client = Pick<Exchange, 'remembersLink' | 'beginSignIn'>;

export type LinkPages = ReturnType<typeof createLinkPages>;

/**
 * The pages of a sign-in link. Opening one changes nothing, since mail scanners open links as well; its button does. On the
 * device that asked it signs in and leads back to the app. On any other it shows a code to type on the first: an attacker who
 * has someone else open a link gains nothing.
 */
export function createLinkPages({ codes, codeSignIn, clock, anyDevice }: LinkPageOptions) {
  /** @throws AppError invalid_link, code_used, code_replaced, code_expired */
  async function show(token: string, client: Client) {
    const challenge = await codes.open(token, ['sign_in_link']);
    const details = detailsOf(challenge);
    if (details.returnTo !== null && isAtHome(challenge, client))
      return showPage(signInPage(details, details.returnTo));
    // Its code was shown, once, and may still be typed.
    if (challenge.codeMac !== null) throw new AppError('code_used');
    return showPage(elsewherePage(details));
  }

  /** @throws AppError the same, and those of `CodeSignIn`; second_factor_required leads back to the app */
  async function press(token: string, client: Client) {
    const challenge = await codes.open(token, ['sign_in_link']);
    const { returnTo, transport } = detailsOf(challenge);
    if (returnTo === null || !isAtHome(challenge, client)) {
      const code = await codes.turnIntoCode(challenge);
      return showPage(codePage(code, minutesUntil(challenge.expiresAt)));
    }
    const { client: signInClient, complete } = await client.beginSignIn(transport);
    if (transport === 'token')
      return leadTo(withParameter(returnTo, 'code', await codeSignIn.signInLater(challenge, signInClient)));
    const login = await codeSignIn.signIn(challenge, signInClient).catch((error) => {
      // The app asks for the second factor; all else is for the page to say.
      throw error instanceof AppError && error.code === 'second_factor_required'
        ? sentBack(error, returnTo)
        : error;
    });
    await complete(login);
    return leadTo(returnTo);
  }

  function isAtHome({ id }: Challenge, { remembersLink }: Client): boolean {
    return anyDevice || remembersLink(id);
  }

  function minutesUntil(time: Date): number {
    return Math.floor((time.getTime() - clock.now()) / 60_000);
  }

  return { show, press };
}

function detailsOf({ details }: Challenge): LinkDetails {
  return details as LinkDetails;
}

function signInPage({ shown }: LinkDetails, returnTo: string): Page {
  return {
    title: 'Sign in',
    paragraphs: [`You are about to sign in as ${shown} and go back to ${nameOf(returnTo)}.`],
    form: { button: 'Sign in', leadsTo: [sourceOf(returnTo)] },
    notes: ['If you did not ask for this, close this page. Nothing will happen.'],
  };
}

/**
 * Its form may lead back to the app as well: a browser sends a cookie with SameSite=Strict with the form, though not when a
 * link is opened.
 */
function elsewherePage({ returnTo }: LinkDetails): Page {
  const form = { button: 'Show the code', leadsTo: returnTo === null ? [] : [sourceOf(returnTo)] };
  const notes = [
    'If you did not ask to sign in, close this page. Never give a code to anyone who calls or writes to you: it lets them in.',
  ];
  return returnTo === null
    ? {
        title: 'Get your code',
        paragraphs: ['Get a code here, then type it where you asked to sign in.'],
        form,
        notes,
      }
    : {
        title: 'Finish where you started',
        paragraphs: [
          `Someone, most likely you, is signing in to ${nameOf(returnTo)} on another device or in another browser.`,
          'Get a code here, then type it there.',
        ],
        form,
        notes,
      };
}

function codePage(code: string, minutes: number): Page {
  const time = minutes < 1 ? 'less than a minute' : minutes === 1 ? '1 minute' : `${minutes} minutes`;
  return {
    title: 'Your code',
    paragraphs: [`Type it where you asked to sign in, and nowhere else. It works for ${time}.`],
    code,
    notes: ['Keep this page open until you have typed it: the code is shown once.'],
  };
}

/** An app with a scheme of its own has no host. */
function nameOf(returnTo: string): string {
  return new URL(returnTo).host || 'your app';
}

export const LINK_PAGE_ERRORS: PageErrorWords = {
  ...linkErrors({
    used: {
      title: 'This link has been used',
      paragraphs: [
        'If you pressed the button twice, you may be signed in already: go back to where you started.',
        'If not, ask for a new link there. Each one works once.',
      ],
    },
    next: 'Go back to where you wanted to sign in, and ask for a new link.',
  }),
  invalid_code: {
    title: 'This link does not sign you in',
    paragraphs: [
      'The account has changed since the link was sent. Go back to where you started, and try again.',
    ],
  },
};
