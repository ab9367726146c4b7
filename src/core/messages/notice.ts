import type { RequestOrigin } from '../principal.ts';
import type { User } from '../users/user.ts';
import { browserNamesIn } from '../values/browser-name.ts';
import type { Message, TemplateName, Templates } from './message.ts';

/** A notice is worth sending for a day; one with a link, for as long as the link is good. */
export const NOTICE_SECONDS = 86_400;

interface Notice<Name extends TemplateName> {
  readonly user: Pick<User, 'id' | 'language'>;
  readonly to: string;
  readonly origin: RequestOrigin;
  readonly template: Name;
  readonly data: Templates[Name];
  readonly expiresAt: Date;
}

/** A mail that tells the owner of an account what has happened to it. */
export function noticeOf<Name extends TemplateName>({
  user,
  origin,
  ...content
}: Notice<Name>): Message<Name> {
  return { ...content, channel: 'email', userId: user.id, language: languageFor(user.language, origin) };
}

/** When and from where something was done, as a mail tells it. */
export function circumstancesOf({ ip, network, userAgent }: RequestOrigin, at: Date) {
  return { time: at.toISOString(), network: ip ?? network, ...browserNamesIn(userAgent) };
}

/** The language of a message: that of the account goes before that of the request. */
export function languageFor(ofAccount: string | null | undefined, origin: RequestOrigin): string | null {
  return ofAccount ?? origin.language ?? null;
}
