import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Outbox } from '../messages/outbox.ts';
import { anonymousCaller, type RequestOrigin } from '../principal.ts';
import type { WarnOwner } from '../sign-in/warn-owner.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { KeyRing } from '../tokens/keys.ts';
import type { User } from '../users/user.ts';
import { CHALLENGE_SECONDS, createPasskeyChallenges, type PasskeyChallenge } from './challenges.ts';
import { createDecoys } from './decoys.ts';
import type { Assertion, CreationOptions, NewCredential, RequestOptions } from './fields.ts';
import { createTellOfPasskey } from './notices.ts';
import {
  amrOf,
  type Passkey,
  type PasskeyProof,
  type RegisteredCredential,
  userHandleOf,
} from './passkey.ts';
import { namesOf } from './view.ts';
import { ALGORITHMS, type RelyingParty, verifyAssertion, verifyRegistration } from './webauthn.ts';

interface PasskeyDependencies {
  readonly store: CoreStore;
  readonly outbox: Pick<Outbox, 'wake'>;
  readonly warnOwnerWithin: WarnOwner;
  readonly appSecrets: KeyRing['appSecrets'];
  readonly clock: Clock;
  readonly relyingParty: RelyingParty;
}

/** What a passkey is registered to: an account, in one of its sessions. */
export interface Registrant {
  readonly userId: string;
  readonly sessionId: string | null;
}

/** A challenge with what answers it. */
export interface Answered<Credential> {
  readonly challengeToken: string;
  readonly credential: Credential;
}

/** No user has it. */
const NO_USER_ID = '00000000-0000-0000-0000-000000000000';
/** A valid key, the generator of P-256, so that an id that was made up takes as long as one that was not. */
const DECOY_PASSKEY = {
  publicKey: Buffer.from(
    'a50102032620012158206b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2962258204fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    'hex',
  ).toString('base64url'),
  isBackupEligible: false,
};

export type Passkeys = ReturnType<typeof createPasskeys>;

/** The ceremonies of WebAuthn: making a passkey, and proving with one who one is. */
export function createPasskeys(dependencies: PasskeyDependencies) {
  const { store, outbox, appSecrets, clock, relyingParty } = dependencies;
  const challenges = createPasskeyChallenges(appSecrets, clock);
  const decoys = createDecoys(appSecrets);
  const tellOfPasskeyWithin = createTellOfPasskey(dependencies.warnOwnerWithin);
  const { rpId, rpName } = relyingParty;
  const timeout = CHALLENGE_SECONDS * 1000;

  /** The options to make a passkey with, which is none of those that there are. */
  function registrationOptions(
    user: User,
    { userId, sessionId }: Registrant,
    passkeys: readonly Passkey[],
  ): { readonly challengeToken: string; readonly publicKey: CreationOptions } {
    const { challenge, challengeToken } = challenges.issue('registration', {
      userId,
      sessionId,
      browserId: null,
    });
    const publicKey: CreationOptions = {
      challenge,
      timeout,
      rp: { id: rpId, name: rpName },
      user: { id: userHandleOf(user.id), ...namesOf(user) },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: passkeys.map(descriptorOf),
      authenticatorSelection: {
        residentKey: 'preferred',
        requireResidentKey: false,
        userVerification: 'preferred',
      },
      attestation: 'none',
      extensions: { credProps: true },
    };
    return { challengeToken, publicKey };
  }

  /**
   * Verifies a new passkey, and returns it with its challenge, which `useChallengeWithin` uses up.
   * @throws AppError invalid_challenge also where another session asked for it, challenge_expired, invalid_passkey
   */
  async function verifyNew(
    { challengeToken, credential }: Answered<NewCredential>,
    { userId, sessionId }: Registrant,
  ): Promise<{ readonly registered: RegisteredCredential; readonly challenge: string }> {
    const asked = challenges.open('registration', challengeToken);
    if (asked.userId !== userId || asked.sessionId !== sessionId) throw new AppError('invalid_challenge');
    const { challenge } = asked;
    // Otherwise options for an address could be tried to see which of their ids are real.
    if (decoys.has(credential.id)) throw new AppError('passkey_taken');
    return { registered: await verifyRegistration(credential, challenge, relyingParty), challenge };
  }

  /**
   * The options to sign in with: for anybody; for a user, who has proved something else before; or by an address that may
   * have no account. For an address the answer and its statements are alike whether it has one or not.
   */
  async function signInOptions({
    userId,
    browserId,
    decoyFor,
  }: {
    readonly userId: string | null;
    readonly browserId: string | null;
    /** The address in its canonical form. */
    readonly decoyFor?: string;
  }): Promise<{ readonly challengeToken: string; readonly publicKey: RequestOptions }> {
    const isUsernameless = userId === null && decoyFor === undefined;
    const owner = isUsernameless ? null : (userId ?? NO_USER_ID);
    const { challenge, challengeToken } = challenges.issue('sign-in', {
      userId: owner,
      sessionId: null,
      browserId,
    });
    const allowCredentials = owner === null ? [] : await credentialsOf(owner, decoyFor);
    const publicKey: RequestOptions = {
      challenge,
      timeout,
      rpId,
      userVerification: 'preferred',
      allowCredentials,
    };
    return { challengeToken, publicKey };
  }

  /** Transports would tell real ones from those that are made up. */
  async function credentialsOf(userId: string, decoyFor: string | undefined) {
    if (decoyFor === undefined) return (await store.passkeys.list(userId)).map(descriptorOf);
    const ids = decoys.fillUp(await store.passkeys.listCredentialIds(userId), decoyFor);
    return ids.map((id) => ({ type: 'public-key' as const, id }));
  }

  /**
   * Verifies what a passkey has signed in the browser that asked for the options; null where they were asked for without a
   * cookie. Nothing is used up yet: `useWithin` does that. A counter that went back is told to
   * the owner.
   * @throws AppError invalid_challenge, challenge_expired, challenge_used, invalid_passkey, passkey_unknown, passkey_copied
   */
  async function verify(
    { challengeToken, credential }: Answered<Assertion>,
    browserId: string | null,
    origin: RequestOrigin,
  ): Promise<PasskeyProof> {
    const asked = challenges.open('sign-in', challengeToken);
    if (asked.browserId !== browserId) throw new AppError('invalid_challenge');
    return verifyFor(asked, credential, origin);
  }

  /** The options to prove a second factor with, for what waits for it under this id. */
  async function factorOptions(userId: string, id: string): Promise<RequestOptions> {
    const passkeys = await store.passkeys.list(userId);
    const allowCredentials = passkeys.map(descriptorOf);
    const { challenge } = challenges.ofFactor(userId, id);
    return { challenge, timeout, rpId, userVerification: 'preferred', allowCredentials };
  }

  /**
   * Verifies what a passkey has signed as a second factor, for what waits for it under this id.
   * @throws AppError as `verify`
   */
  function verifyFactor(
    userId: string,
    id: string,
    credential: Assertion,
    origin: RequestOrigin,
  ): Promise<PasskeyProof> {
    return verifyFor(challenges.ofFactor(userId, id), credential, origin);
  }

  async function verifyFor(
    asked: PasskeyChallenge,
    credential: Assertion,
    origin: RequestOrigin,
  ): Promise<PasskeyProof> {
    const passkey = await store.passkeys.findByCredential(credential.id);
    // Otherwise options for an address could be tried to see which of their ids are real.
    if (passkey === null && !decoys.has(credential.id)) throw unknown(credential.id);
    const { challenge } = asked;
    const assertion = await verifyAssertion(credential, passkey ?? DECOY_PASSKEY, challenge, relyingParty);
    if (passkey === null || !isFor(passkey, asked, credential)) throw new AppError('invalid_passkey');
    const { userId } = passkey;
    const { isUserVerified, counter, isBackedUp } = assertion;
    const amr = amrOf(passkey, isUserVerified);
    const proof = { passkey, userId, isUserVerified, amr, challenge, counter, isBackedUp };
    if (!movesOn(proof)) throw await refuseCopy(proof, origin);
    return proof;
  }

  /**
   * Uses the challenge of a proof up and moves the counter of its passkey, each by one statement that decides. The sign-in
   * belongs in the same transaction.
   * @throws AppError challenge_used, passkey_unknown, passkey_copied
   */
  async function useWithin(stores: CoreStores, proof: PasskeyProof): Promise<void> {
    const { passkey, counter, isBackedUp, challenge } = proof;
    await challenges.useWithin(stores, challenge);
    if (await stores.passkeys.use(passkey.id, { counter, isBackedUp, at: new Date(clock.now()) })) return;
    const isThere = (await stores.passkeys.find(passkey.id, passkey.userId)) !== null;
    // Another assertion has just moved the counter further. Sent again, this one is refused before a transaction begins, and told.
    throw isThere ? copied(passkey.userId) : unknown(passkey.credentialId);
  }

  /** The challenge has been answered rightly, so it is used up, and the owner hears of it. */
  async function refuseCopy({ passkey, challenge }: PasskeyProof, origin: RequestOrigin): Promise<AppError> {
    const { id, userId, name } = passkey;
    await store.transaction(async (stores) => {
      const at = new Date(clock.now());
      // The same assertion once more is no copy of the passkey.
      await challenges.useWithin(stores, challenge);
      const entry = entryOf(
        'passkey.refused',
        anonymousCaller(origin),
        userId,
        { passkey_id: id, name },
        'failure',
      );
      await stores.audit.append(entry, at);
      const user = await stores.users.findById(userId);
      if (user !== null) await tellOfPasskeyWithin(stores, user, passkey, 'passkey-refused', origin, at);
    });
    outbox.wake();
    return copied(userId);
  }

  /** A refusal with what a page needs to have the authenticator forget the passkey. */
  function unknown(credentialId: string): AppError {
    return new AppError('passkey_unknown', undefined, {
      members: { rp_id: rpId, credential_id: credentialId },
    });
  }

  return {
    rpId,
    registrationOptions,
    verifyNew,
    useChallengeWithin: challenges.useWithin,
    tellOfPasskeyWithin,
    signInOptions,
    verify,
    factorOptions,
    verifyFactor,
    useWithin,
  };
}

/** Whether a passkey is of the user who was asked for, if any, and of the one that the authenticator names, if it does. */
function isFor({ userId }: Passkey, asked: PasskeyChallenge, { response }: Assertion): boolean {
  const userHandle = response.userHandle ?? '';
  return (
    (asked.userId === null || asked.userId === userId) &&
    (userHandle === '' || userHandle === userHandleOf(userId))
  );
}

/** Authenticators that do not count say 0 each time (WebAuthn section 6.1.1). */
function movesOn({ passkey, counter }: PasskeyProof): boolean {
  return counter > passkey.counter || (counter === 0 && passkey.counter === 0);
}

function copied(userId: string): AppError {
  const message = 'a passkey was refused since its counter went back: it may have been copied';
  return new AppError('passkey_copied', undefined, {
    event: { event: 'passkey_copied', user_id: userId, message },
  });
}

function descriptorOf({ credentialId, transports }: Passkey) {
  return { type: 'public-key' as const, id: credentialId, transports: [...transports] };
}
