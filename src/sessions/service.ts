import type { AccessTokens } from '../tokens/access-token.ts';

export interface TokenGrant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

export interface Sessions {
  /** Logs a person in. Every way to log in ends here. */
  readonly start: (userId: string) => TokenGrant;
}

/** What everybody may do who has an account. */
const BASELINE_ROLES = ['user'];

export function createSessions(accessTokens: AccessTokens): Sessions {
  return {
    start(userId) {
      const { token, expiresInSeconds } = accessTokens.issue(userId, BASELINE_ROLES);
      return { accessToken: token, expiresInSeconds };
    },
  };
}
