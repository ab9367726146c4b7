import { createPasswords, type Passwords } from '../../src/core/passwords/passwords.ts';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { createSessions } from '../../src/core/sessions/sessions.ts';
import { NO_GUARD } from '../../src/core/sign-in/attempts.ts';
import { createAccessTokens } from '../../src/core/tokens/access-token.ts';
import { createKeyRing } from '../../src/core/tokens/keys.ts';
import { createAccounts } from '../../src/features/accounts/service.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { TEST_SECRET, type TestApp } from './app.ts';

/** The account service of an app, for what no route offers; `change` may put something into its passwords. */
export function accountsOf(
  app: TestApp,
  change: (passwords: Passwords) => Passwords = (passwords) => passwords,
) {
  const { config, store, follower, hashWorkers, clock, logs } = app;
  const keys = createKeyRing({ ...config.tokens, secret: TEST_SECRET });
  const logger = createLogger('info', logs);
  const { issuer, audience, accessTokenTtlSeconds } = config.tokens;
  const sessions = createSessions({
    store,
    accessTokens: createAccessTokens({ keys, issuer, audience, maxTtlSeconds: accessTokenTtlSeconds, clock }),
    refreshTokens: createRefreshTokens(keys.refreshing),
    announce: follower.announce,
    confirmations: app.confirmations,
    clock,
    lifetimes: { accessTokenTtlSeconds, ...config.sessions },
  });
  const passwords = change(createPasswords(config.passwords, hashWorkers));
  return createAccounts({
    store,
    sessions,
    guard: NO_GUARD,
    secrets: keys.refreshing,
    clock,
    logger,
    passwords,
    signupDisabled: false,
  });
}
