import { type AccessTokenClaims, createRevocationSet } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/connect.ts';
import { createStore } from '../db/store.ts';
import { createApiKeyCheck } from './api-keys/check.ts';
import { createApiKeyUsage } from './api-keys/last-use.ts';
import { createClientTokens } from './clients/client-tokens.ts';
import { createClientRefusals } from './clients/refusals.ts';
import { type SharedClock, systemClock } from './clock.ts';
import { createCodes } from './codes/codes.ts';
import { createPhoneCodes } from './codes/phone-codes.ts';
import { createSendVerification } from './codes/verify-email.ts';
import { createCsrfTokens } from './cookie-sessions/cookie-id.ts';
import { createCookieSessions } from './cookie-sessions/cookie-sessions.ts';
import type { CookieRecords } from './cookie-sessions/records.ts';
import { asAppError } from './errors.ts';
import { createEvents } from './events.ts';
import { createFactorCheck } from './factors/check-factor.ts';
import { createFactorEnrolment } from './factors/enrolment.ts';
import { createMfaPolicy } from './factors/policy.ts';
import { createSecondFactors } from './factors/second-factors.ts';
import { createTotpCodes } from './factors/totp.ts';
import type { IdentityProviders } from './identities/provider.ts';
import type { Messaging } from './messages/message.ts';
import { createOutbox } from './messages/outbox.ts';
import { createSmsBudget } from './messages/sms-budget.ts';
import type { Observers } from './observers.ts';
import type { Pages } from './pages.ts';
import { createPasskeys } from './passkeys/passkeys.ts';
import { readHighestCosts } from './passwords/hash-costs.store.ts';
import type { HashThreads } from './passwords/hash-threads.ts';
import { createHashWorkers } from './passwords/hash-workers.ts';
import { createPasswords } from './passwords/passwords.ts';
import { createStoredCosts, maxForeignCost } from './passwords/stored-costs.ts';
import { createRevocationFollower } from './revocation/follower.ts';
import { createRevocationLog } from './revocation/log.ts';
import type { Revocation } from './revocation/revocation.ts';
import { createRevocationTable } from './revocation/revocations.store.ts';
import { createConfirmations } from './sessions/confirmations.ts';
import { createRefreshTokens } from './sessions/refresh-token.ts';
import { createSessions } from './sessions/sessions.ts';
import { createAttempts, FORGET_SECONDS, NO_ATTEMPT_LIMITS } from './sign-in/attempts.ts';
import { createClaimAccount } from './sign-in/claim-account.ts';
import { createCompleteSignIn } from './sign-in/complete-sign-in.ts';
import { createDeviceTokens } from './sign-in/device-tokens.ts';
import { createExchangeCodes } from './sign-in/exchange-codes.ts';
import { createEndAllAccess, createLockDown } from './sign-in/lock-down.ts';
import { createNewDeviceNotice } from './sign-in/new-device.ts';
import { createProvedSignIn } from './sign-in/proved-sign-in.ts';
import { createStepUp } from './sign-in/step-up.ts';
import { createWarnOwner } from './sign-in/warn-owner.ts';
import { createHasWayIn } from './sign-in/ways-in.ts';
import { storesOf } from './stores.ts';
import { createAccessTokens } from './tokens/access-token.ts';
import { createAuthenticate, createFreshness } from './tokens/authenticate.ts';
import { createKeyUseStore } from './tokens/key-usage.store.ts';
import { createKeyUsage } from './tokens/key-usage.ts';
import { createKeyRing, type KeyMaterial } from './tokens/keys.ts';
import { createSeal } from './tokens/seal.ts';

/** The environment of the core: the configuration, and what differs between a server and a test. */
export interface CoreDependencies {
  readonly config: Config;
  readonly keyMaterial: KeyMaterial;
  readonly database: Database;
  readonly messaging: Messaging;
  /** What pages for people look like. */
  readonly pages: Pages;
  /** Google and others at which people can sign in. */
  readonly providers: IdentityProviders;
  /** Keeps the sessions that have a cookie, where there is a Redis. */
  readonly redisRecords: CookieRecords | undefined;
  readonly clock: SharedClock;
  readonly logger: Logger;
  readonly observers: Observers;
  /** Threads to hash in, where they are there already. */
  readonly hashThreads?: HashThreads | undefined;
  /** Whether the process has been told to stop. */
  readonly isDraining: () => boolean;
  /** The text that Prometheus reads. */
  readonly scrape: () => Promise<string>;
}

/** The services that features share. */
export type Core = ReturnType<typeof createCore>;

/** Builds the services that features share. Nothing follows, ticks or queries the database yet. */
export function createCore(dependencies: CoreDependencies) {
  const { config, database, clock, logger, observers } = dependencies;
  const { issuer, audience, accessTokenTtlSeconds } = config.tokens;
  const store = createStore(database, storesOf);

  const keys = createKeyRing(dependencies.keyMaterial);
  const keyUsage = createKeyUsage(keys.all, createKeyUseStore(database), clock, logger);
  const accessTokens = createAccessTokens({
    keys,
    issuer,
    audience,
    maxTtlSeconds: accessTokenTtlSeconds,
    clock,
    onUse: keyUsage.note,
  });

  const { revocationMaxLagSeconds, revocationWhenStale } = config.sessions;
  const revocations = createRevocationSet();
  const revocationLog = createRevocationLog(clock);
  const follower = createRevocationFollower({
    stores: store,
    table: createRevocationTable(database),
    revocations,
    clock,
    logger,
    maxLagSeconds: revocationMaxLagSeconds,
    onRead(page, settled) {
      revocationLog.append(page, settled);
      // What the command line ends, or another process that could not reach Redis.
      void cookieSessions.forgetEnded(page);
    },
    isFollowed: revocationLog.isFollowed,
  });

  const { bcryptCost } = config.passwords;
  const storedCosts = createStoredCosts({
    liveCost: bcryptCost,
    read: () => readHighestCosts(database, maxForeignCost(bcryptCost)),
    logger,
  });
  const hashWorkers = createHashWorkers({
    ...config.hashing,
    bcryptCost,
    // How long a hash takes depends on the hardware, so it is not measured by the shared clock.
    monotonic: systemClock.monotonic,
    observer: observers.hashQueue,
    threads: dependencies.hashThreads,
    onThreadError: (err) => logger.error({ err }, 'a hash thread could not start'),
  });
  const passwords = createPasswords(config.passwords, hashWorkers, storedCosts);

  const requireFresh = createFreshness(follower, revocationWhenStale);
  const lifetimes = { accessTokenTtlSeconds, ...config.sessions };
  const mfaPolicy = createMfaPolicy(config.factors.required, config.factors.methods);
  const cookieSessions = createCookieSessions({
    store,
    redisRecords: dependencies.redisRecords,
    csrfTokens: createCsrfTokens(keys.appSecrets),
    revocations,
    requireFresh,
    clock,
    logger,
    lifetimes,
    mfaPolicy,
    issuer,
    audience,
  });
  async function announce(revoked: Iterable<Revocation>): Promise<void> {
    const all = [...revoked];
    follower.announce(all);
    await cookieSessions.forgetEnded(all);
  }
  const confirmations = createConfirmations(store.sessions, clock, logger);
  const sessions = createSessions({
    store,
    accessTokens,
    refreshTokens: createRefreshTokens(keys.appSecrets, keyUsage.note),
    announce,
    confirmations,
    cookieSessions,
    clock,
    lifetimes,
    mfaPolicy,
    onRefresh: observers.refresh,
  });

  const outbox = createOutbox({
    store: store.outbox,
    messaging: dependencies.messaging,
    seal: createSeal(keys.appSecrets, 'outbox'),
    clock,
    logger,
    onDelivery: observers.delivery,
    onWaiting: observers.outboxWaiting,
  });
  const codes = createCodes({
    store,
    outbox,
    secrets: keys.appSecrets,
    seal: createSeal(keys.appSecrets, 'challenges'),
    clock,
  });

  const smsBudget = createSmsBudget({
    counts: store.counts,
    clock,
    logger,
    limit: config.messages.smsDailyBudget,
    onSpent: observers.smsSent,
  });
  const phoneCodes = createPhoneCodes({ codes, budget: smsBudget, clock, messages: config.messages });

  const { free: freeFailures, max: maxFailures } = config.limits.loginFailures;
  const attempts = config.limits.enabled
    ? createAttempts({
        failures: store.loginFailures,
        clock,
        logger,
        freeFailures,
        maxFailures,
        onLimited: () => observers.limited('login-account'),
      })
    : NO_ATTEMPT_LIMITS;
  const deviceTokens = createDeviceTokens(keys.appSecrets);
  const endAllAccessWithin = createEndAllAccess(sessions);
  const warnOwnerWithin = createWarnOwner({ outbox, publicUrl: config.http.publicUrl });
  const tellOfNewDevice = createNewDeviceNotice({
    store,
    outbox,
    warnOwnerWithin,
    clock,
    logger,
    isEnabled: config.codes.newDeviceMail,
  });

  const passkeys = createPasskeys({
    store,
    outbox,
    warnOwnerWithin,
    appSecrets: keys.appSecrets,
    clock,
    relyingParty: config.passkeys,
  });
  const factorSeal = createSeal(keys.appSecrets, 'totp');
  const totpCodes = createTotpCodes(config.factors.totpIssuer, clock);
  const secondFactors = createSecondFactors({ store, codes, outbox, policy: mfaPolicy, clock });
  const factorCheck = createFactorCheck({
    store,
    codes,
    totpCodes,
    passkeys,
    seal: factorSeal,
    secrets: keys.appSecrets,
    warnOwnerWithin,
    logger,
    clock,
  });
  const completeSignIn = createCompleteSignIn({ store, sessions, secondFactors, tellOfNewDevice, clock });
  const exchangeCodes = createExchangeCodes(codes);
  const provedSignIn = createProvedSignIn({
    store,
    sessions,
    outbox,
    deviceTokens,
    completeSignIn,
    tellOfNewDevice,
    exchangeCodes,
    clock,
  });

  const apiKeyUsage = createApiKeyUsage(store.apiKeys, clock, logger);
  const apiKeys = createApiKeyCheck({
    store,
    revocations,
    clock,
    secrets: keys.appSecrets,
    issuer,
    audience,
    onUse: apiKeyUsage.note,
  });
  const clientRefusals = createClientRefusals(store.audit, clock, logger, observers.clientRefused);
  const clientTokens = createClientTokens({
    store,
    accessTokens,
    revoking: sessions,
    noteRefusal: clientRefusals.note,
    clock,
    accessTokenTtlSeconds,
  });

  /**
   * The claims of an access token that is genuine and alive, whether or not it has been revoked. Does not query the
   * database.
   * @throws AppError token_invalid, token_expired
   */
  function verifyToken(token: string): AccessTokenClaims {
    const claims = asAppError(() => accessTokens.verify(token));
    // A client that shows the token of a refresh has received the answer to it.
    confirmations.note(claims);
    return claims;
  }
  const { authenticate, userInSession } = createAuthenticate({
    verifyToken,
    apiKeys,
    revocations,
    requireFresh,
  });

  /** Loads the state that is needed before the first request is answered. */
  async function prepare(): Promise<void> {
    await Promise.all([follower.catchUp(), storedCosts.refresh()]);
  }

  function start(): void {
    follower.start();
    confirmations.start();
    outbox.start();
  }

  /** Write down what was noted in memory. */
  const flushes = [keyUsage.flush, apiKeyUsage.flush, clientRefusals.flush];

  /** Stops background work and flushes the notes. The database stays open. */
  async function stop(): Promise<void> {
    follower.stop();
    confirmations.stop();
    const flushed = [confirmations.flush, ...flushes].map((flush) => flush());
    await Promise.all([...flushed, outbox.stop(), hashWorkers.close()]);
  }

  /** The tasks that run once a minute. */
  const housekeeping = [
    ...flushes,
    follower.prune,
    cookieSessions.housekeeping,
    codes.housekeeping,
    outbox.housekeeping,
    smsBudget.housekeeping,
    storedCosts.refresh,
    () => store.loginFailures.prune(new Date(clock.now() - FORGET_SECONDS * 1000)),
  ];

  return {
    ...dependencies,
    store,
    keys,
    accessTokens,
    passwords,
    hashWorkers,
    storedCosts,
    sessions,
    cookieSessions,
    outbox,
    codes,
    phoneCodes,
    sendVerificationWithin: createSendVerification(codes, config.http.publicUrl),
    attempts,
    deviceTokens,
    factorSeal,
    totpCodes,
    mfaPolicy,
    secondFactors,
    factorCheck,
    completeSignIn,
    tellOfNewDevice,
    provedSignIn,
    claimWithin: createClaimAccount({ endAllAccessWithin, outbox, deviceTokens, clock }),
    hasWayIn: createHasWayIn(outbox, dependencies.providers),
    passkeys,
    factorEnrolment: createFactorEnrolment(keys.appSecrets, mfaPolicy),
    endAllAccessWithin,
    stepUp: createStepUp({ store, clock, recentSignInSeconds: config.codes.recentSignInSeconds }),
    warnOwnerWithin,
    lockDownWithin: createLockDown({ endAllAccessWithin, outbox }),
    apiKeys,
    apiKeyUsage,
    clientRefusals,
    keyUsage,
    clientTokens,
    revocations,
    revocationLog,
    follower,
    confirmations,
    requireFresh,
    verifyToken,
    authenticate,
    userInSession,
    events: createEvents(),
    housekeeping,
    prepare,
    start,
    stop,
  };
}
