import { AppError } from '../core/errors.ts';
import type { ProviderTokens } from '../core/identities/provider.ts';
import { type ClientOptions, configure, tokensOf } from './grant.ts';

/** What a provider answers to a refresh token that is no longer good. GitHub has a word of its own. */
const ENDED: readonly unknown[] = ['invalid_grant', 'bad_refresh_token'];

/**
 * Exchanges a refresh token (RFC 6749 section 6).
 * @throws AppError provider_access_ended where it is no longer good; or what openid-client throws
 */
export async function refreshTokens(
  options: ClientOptions,
  former: ProviderTokens & { readonly refreshToken: string },
  at: Date,
): Promise<ProviderTokens> {
  const { client, configuration } = await configure(options);
  try {
    const answer = await client.refreshTokenGrant(configuration, former.refreshToken);
    return tokensOf(answer, at, former);
  } catch (cause) {
    if (!ENDED.includes(Object(cause).error)) throw cause;
    throw new AppError('provider_access_ended', undefined, { cause });
  }
}
