import type { Clock } from '../../core/clock.ts';
import type { Challenge } from '../../core/codes/challenge.ts';
import type { Codes } from '../../core/codes/codes.ts';
import { AppError } from '../../core/errors.ts';
import type { Page, WordValues } from '../../core/pages.ts';
import { destinationOf, type ReturnRule, sourceOf, withParameter } from '../../core/sign-in/return-to.ts';
import type { Exchange } from '../../http/exchange.ts';
import { leadTo, showPage } from '../../http/page.ts';
import { sentBack } from '../../http/sent-back.ts';
import type { LinkDetails } from './request.ts';
import type { CodeSignIn } from './sign-in.ts';

export interface LinkPageOptions {
  readonly codes: Pick<Codes, 'open' | 'turnIntoCode'>;
  readonly codeSignIn: CodeSignIn;
  readonly clock: Clock;
  /** Whether a link signs in any device that opens it. */
  readonly anyDevice: boolean;
  readonly returnRule: ReturnRule;
}

const YOUR_APP = { app: 'labels.your_app' };

/** What a page says of the app that it leads back to, and where its form may lead. */
type Returns = Required<Pick<Page, 'values' | 'leadsTo'>>;

type Client = Pick<Exchange, 'remembersLink' | 'beginSignIn'>;

export type LinkPages = ReturnType<typeof createLinkPages>;

/**
 * The pages of a sign-in link. Opening one changes nothing, since mail scanners open links as well; its button does. On the
 * device that asked it signs in and leads back to the app. On any other it shows a code to type on the first: an attacker who
 * has someone else open a link gains nothing.
 */
export function createLinkPages({ codes, codeSignIn, clock, anyDevice, returnRule }: LinkPageOptions) {
  /** @throws AppError invalid_link, code_used, code_replaced, code_expired */
  async function show(token: string, client: Client) {
    const challenge = await codes.open(token, ['sign_in_link']);
    const details = detailsOf(challenge);
    if (details.returnTo !== null && isAtHome(challenge, client))
      return showPage(signInPage(details, returnsTo(details.returnTo)));
    // Its code was shown, once, and may still be typed.
    if (challenge.codeMac !== null) throw new AppError('code_used');
    return showPage(elsewherePage(details.returnTo === null ? null : returnsTo(details.returnTo)));
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

  /** The app, which pages of this service lead on to. */
  function returnsTo(returnTo: string): Returns {
    const destination = destinationOf(returnTo, returnRule);
    return { values: appOf(destination), leadsTo: [...new Set([returnTo, destination].map(sourceOf))] };
  }

  function minutesUntil(time: Date): number {
    return Math.floor((time.getTime() - clock.now()) / 60_000);
  }

  return { show, press };
}

function detailsOf({ details }: Challenge): LinkDetails {
  return details as LinkDetails;
}

function signInPage({ shown }: LinkDetails, { values, leadsTo }: Returns): Page {
  return {
    words: 'pages.link_sign_in',
    values: { address: shown, ...values },
    texts: YOUR_APP,
    leadsTo,
  };
}

/**
 * Its form may lead back to the app as well: a browser sends a cookie with SameSite=Strict with the form, though not when a
 * link is opened.
 */
function elsewherePage(returns: Returns | null): Page {
  return returns === null
    ? { words: 'pages.link_code_only', leadsTo: [] }
    : {
        words: 'pages.link_elsewhere',
        texts: YOUR_APP,
        ...returns,
      };
}

function codePage(code: string, minutes: number): Page {
  return { words: 'pages.link_code', minutes, data: { shownCode: code } };
}

/** An app with a scheme of its own has no host, and is called "your app". */
function appOf(returnTo: string): WordValues {
  const { host } = new URL(returnTo);
  return host === '' ? {} : { app: host };
}
