import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { AppError, rateLimited } from '../errors.ts';
import type { Rate } from '../limits/quota.ts';
import type { Message, TemplateName, Templates } from '../messages/message.ts';
import { languageFor } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { Caller } from '../principal.ts';
import { after } from '../sessions/ending.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { Seal } from '../tokens/seal.ts';
import { type Challenge, MAX_TRIES, type NewChallenge, PURPOSES, type Purpose } from './challenge.ts';
import type { ChallengeRow } from './challenges.store.ts';
import { keep, latestOf, newRow } from './issue.ts';
import { hashOfAddress, hashOfToken, isCodeOf, macOfCode, newCode, newToken } from './secrets.ts';

export interface CodeDependencies {
  readonly store: CoreStore;
  readonly outbox: Pick<Outbox, 'addWithin' | 'has'>;
  readonly secrets: readonly [SigningKey, ...SigningKey[]];
  readonly seal: Seal;
  readonly clock: Clock;
}

/** A challenge with its secrets, which nothing keeps. */
export interface IssuedChallenge {
  readonly id: string;
  readonly expiresAt: Date;
  readonly code: string;
  readonly token: string;
}

/** A code as a client gives it. */
export interface GivenCode {
  /** Of the challenge. */
  readonly id: string;
  readonly code: string;
}

/** What the client that asked is told. */
export interface SentChallenge {
  readonly id: string;
  readonly expiresInSeconds: number;
}

/** A challenge, and the message that takes it to its address. */
export interface ChallengeMessage<Name extends TemplateName>
  extends Omit<NewChallenge, 'address' | 'ttlSeconds'> {
  readonly subject: string;
  /** Who asks for it. */
  readonly caller: Caller;
  readonly channel: Message['channel'];
  /** The address as a message is sent to it. */
  readonly to: string;
  /** The address in its canonical form. */
  readonly address: string;
  /** That of the account, which goes before that of the request. */
  readonly language?: string | null | undefined;
  readonly template: Name;
  readonly data: (issued: IssuedChallenge & { readonly minutes: number }) => Templates[Name];
  /** Whether nothing is sent and no code fits, since there is no account to send it to. */
  readonly isDecoy?: boolean;
  /** The code of a test number, which gets no message. */
  readonly fixedCode?: string | undefined;
}

/** Codes that may be tried for one account, and for one address, whatever they are for. */
const TRIES: Rate = { limit: 10, windowSeconds: 3_600 };
/** Longer than any code is good, so that every code that can be tried has its counts. */
const COUNTS_KEPT_SECONDS = 2 * 86_400;
/** How long an expired challenge is kept: until then its code is refused as expired, and afterwards as unknown. */
const KEPT_SECONDS = 86_400;

export type Codes = ReturnType<typeof createCodes>;

/**
 * Codes of six digits and links: secrets for one use, each for one purpose and one client that asked. Every try of a code is
 * counted before it is compared (NIST SP 800-63B-4 section 3.1.3.2). An address without an account has challenges like any
 * other, which no code fits.
 */
export function createCodes({ store, outbox, secrets, seal, clock }: CodeDependencies) {
  const now = () => new Date(clock.now());

  /** Makes a challenge, which takes the place of the one before with its purpose and subject, if it has one. */
  async function issueWithin(
    stores: Pick<CoreStores, 'challenges'>,
    challenge: NewChallenge,
    code = newCode(),
  ): Promise<IssuedChallenge> {
    const { purpose, details, hasCode } = challenge;
    const { row, token } = newRow(challenge, now());
    const { id, expiresAt } = row;
    await keep(stores, challenge, {
      ...row,
      codeMac: hasCode ? macOfCode(secrets[0], { id, purpose }, code) : null,
      details: details === undefined ? null : seal.seal(details, id),
    });
    return { id, expiresAt, code, token };
  }

  /** Makes a challenge and writes its message down. Wake the outbox after the commit. */
  async function sendWithin<Name extends TemplateName>(
    stores: Pick<CoreStores, 'challenges' | 'counts' | 'outbox' | 'audit'>,
    request: ChallengeMessage<Name>,
  ): Promise<SentChallenge> {
    const { caller, channel, to, template, data, language, userId, fixedCode, isDecoy = false } = request;
    // No six digits fit the code of a decoy.
    const code = isDecoy ? newToken() : fixedCode;
    // First, so that requests for one address come one after another: each replaces the challenge of the one before.
    await stores.counts.prepare(tryCountsOf(request), now(), TRIES);
    const issued = await issueWithin(stores, request, code);
    const seconds = PURPOSES[request.purpose].ttlSeconds;
    await outbox.addWithin(stores, {
      channel,
      to,
      template,
      data: data({ ...issued, minutes: Math.round(seconds / 60) }),
      language: languageFor(language, caller.origin),
      userId: isDecoy ? null : userId,
      expiresAt: issued.expiresAt,
      isDecoy: isDecoy || fixedCode !== undefined,
    });
    const sent = { purpose: request.purpose, channel };
    await stores.audit.append(entryOf('code.sent', caller, userId, sent), now());
    return { id: issued.id, expiresInSeconds: seconds };
  }

  /**
   * The challenge that a code fits. It stays good until `useWithin`.
   * @throws AppError invalid_code, code_used, code_replaced, code_expired, too_many_tries, rate_limited
   */
  async function check(
    { id, code }: GivenCode,
    purposes: readonly Purpose[],
    caller: Caller,
  ): Promise<Challenge> {
    const found = await find(id);
    const challenge = requireUsable(found, purposes, 'invalid_code');
    if (challenge.codeMac === null) throw new AppError('invalid_code');
    if (challenge.tries >= MAX_TRIES) throw new AppError('too_many_tries');
    const at = now();
    await takeTry(tryCountsOf(challenge), at);
    if (!(await store.challenges.countTry(id, at))) {
      requireUsable(await find(id), purposes, 'invalid_code');
      throw new AppError('too_many_tries');
    }
    if (isCodeOf(secrets, challenge, code)) return challenge;
    const refused = entryOf(
      'code.refused',
      caller,
      challenge.userId,
      { purpose: challenge.purpose },
      'failure',
    );
    await store.audit.append(refused, at);
    throw wrongCode(MAX_TRIES - challenge.tries - 1);
  }

  /**
   * The challenge of a link. It stays good until `useWithin`.
   * @throws AppError invalid_link, code_used, code_replaced, code_expired
   */
  async function open(token: string, purposes: readonly Purpose[]): Promise<Challenge> {
    const row = await store.challenges.findByLink(hashOfToken(token));
    return requireUsable(row && toChallenge(row), purposes, 'invalid_link');
  }

  /**
   * Uses a challenge up, in the transaction of what it is for. Of concurrent callers one succeeds.
   * @throws AppError code_used
   */
  async function useWithin({ challenges }: Pick<CoreStores, 'challenges'>, { id }: Challenge): Promise<void> {
    if (!(await challenges.use(id, now()))) throw new AppError('code_used');
  }

  /**
   * Gives the holder of a link a code for the client that asked.
   * @throws AppError code_used
   */
  async function turnIntoCode({ id, purpose }: Challenge): Promise<string> {
    const code = newCode();
    const codeMac = macOfCode(secrets[0], { id, purpose }, code);
    if (!(await store.challenges.turnIntoCode(id, codeMac, now()))) throw new AppError('code_used');
    return code;
  }

  /** The challenge with this purpose and subject that is still good; null where there is none. */
  async function findLatest(purpose: Purpose, subject: string): Promise<Challenge | null> {
    const row = await store.challenges.findLatest(latestOf(purpose, subject));
    return row !== null && row.expiresAt > now() ? toChallenge(row) : null;
  }

  async function find(id: string): Promise<Challenge | null> {
    const row = await store.challenges.find(id);
    return row && toChallenge(row);
  }

  function toChallenge({ latestOf, purpose, details, ...row }: ChallengeRow): Challenge {
    return {
      ...row,
      purpose: purpose as Purpose,
      details: details === null ? undefined : seal.open(details, row.id),
      isLatest: latestOf !== null,
    };
  }

  function requireUsable(
    challenge: Challenge | null,
    purposes: readonly Purpose[],
    otherwise: 'invalid_code' | 'invalid_link',
  ): Challenge {
    if (challenge === null || !purposes.includes(challenge.purpose)) throw new AppError(otherwise);
    if (challenge.usedAt !== null) throw new AppError('code_used');
    if (!challenge.isLatest) throw new AppError('code_replaced');
    if (challenge.expiresAt <= now()) throw new AppError('code_expired');
    return challenge;
  }

  /** The names of the counts of a try, in order: that of the account, and that of the address. */
  function tryCountsOf({ address, userId }: Pick<Challenge, 'address' | 'userId'>): string[] {
    const hash = hashOfAddress(secrets[0], address ?? '');
    return [`tries:account:${userId ?? hash}`, `tries:address:${hash}`];
  }

  /** Counts a try. @throws AppError rate_limited */
  async function takeTry(names: readonly string[], at: Date): Promise<void> {
    if (await store.counts.take(names, at, TRIES)) return;
    const { found, endsAt = at } = await store.counts.read(names);
    if (found < names.length) {
      // An address has another name once APP_SECRET has been replaced, so its counts may not be there yet.
      await store.counts.prepare(names, at, TRIES);
      if (await store.counts.take(names, at, TRIES)) return;
    }
    throw tooManyTries(endsAt, at);
  }

  function tooManyTries(endsAt: Date, at: Date): AppError {
    const resetSeconds = Math.max(1, Math.ceil((endsAt.getTime() - at.getTime()) / 1000));
    const quota = { policy: 'code-tries', ...TRIES, remaining: 0, resetSeconds } as const;
    return rateLimited(
      quota,
      'Too many codes have been tried for this address. A link that was mailed still works.',
    );
  }

  /** A name for an address that does not show it, such as for a limit. */
  const nameOf = (address: string) => hashOfAddress(secrets[0], address);

  async function housekeeping(): Promise<void> {
    await store.challenges.prune(after(now(), -KEPT_SECONDS));
    await store.counts.prune(after(now(), -COUNTS_KEPT_SECONDS));
  }

  return {
    issueWithin,
    sendWithin,
    check,
    open,
    useWithin,
    turnIntoCode,
    findLatest,
    nameOf,
    has: outbox.has,
    housekeeping,
  };
}

function wrongCode(triesLeft: number): AppError {
  const next =
    triesLeft > 0
      ? `${triesLeft} more ${triesLeft === 1 ? 'try' : 'tries'}, then ask for another.`
      : 'Ask for another one.';
  return new AppError(
    'invalid_code',
    `It is not the code of the latest message for this challenge_id. ${next}`,
  );
}
