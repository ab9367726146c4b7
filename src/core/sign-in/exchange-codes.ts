import type { Codes } from '../codes/codes.ts';
import { AppError } from '../errors.ts';
import type { SignInMethod } from '../sessions/session.ts';
import type { CoreStores } from '../stores.ts';

/** What a person has proved on a page of this service, for the app that it leads back to. */
export interface Proved {
  readonly userId: string;
  readonly method: SignInMethod;
  /** The provider that has proved it, where that is the method. */
  readonly provider?: string | undefined;
  /** Of RFC 8176. */
  readonly amr: readonly string[];
  readonly at: Date;
  /** Whether the page has made the account. */
  readonly isNew: boolean;
  /** The challenge that the app asked for; null where it asked for none. */
  readonly challengeId: string | null;
  /** Whether it comes from a session of the browser, which has proved a second factor already where one was required. */
  readonly isOfSession?: boolean | undefined;
}

export type ExchangeCodes = ReturnType<typeof createExchangeCodes>;

/** Codes that a page hands to its app in a URL, to be exchanged for a session: good once, and for a minute. */
export function createExchangeCodes(codes: Pick<Codes, 'issueWithin' | 'open' | 'useWithin'>) {
  async function issueWithin(stores: CoreStores, { userId, ...proof }: Proved): Promise<string> {
    const { token } = await codes.issueWithin(stores, {
      // Without a subject, since two tabs may return at once.
      purpose: 'exchange',
      userId,
      address: null,
      details: { ...proof, at: proof.at.getTime() },
      hasCode: false,
      hasLink: true,
    });
    return token;
  }

  /**
   * What a code proves, and the function that uses it up in the transaction that begins the session. With the
   * `challengeId` that it asked for, an app takes no code that an attacker has planted to sign it in to their account.
   * @throws AppError invalid_link, code_used, code_expired, code_replaced
   */
  async function read(code: string, challengeId?: string) {
    const challenge = await codes.open(code, ['exchange']);
    const { userId, details } = challenge;
    if (userId === null || details === undefined) throw new AppError('invalid_link');
    const { at, ...proof } = details as Omit<Proved, 'userId' | 'at'> & { readonly at: number };
    const proved: Proved = { userId, ...proof, at: new Date(at) };
    // Where an app has chosen the id for itself, it means to send it.
    const isExpected =
      challengeId !== undefined ||
      ((proved.method === 'social' || proved.isOfSession === true) && proved.challengeId !== null);
    if (isExpected && challengeId !== proved.challengeId) {
      throw new AppError(
        'invalid_link',
        'The code is of another sign-in: challenge_id is not the one with which it was begun. Begin again.',
      );
    }
    return { proved, useWithin: (stores: CoreStores) => codes.useWithin(stores, challenge) };
  }

  return { issueWithin, read };
}
