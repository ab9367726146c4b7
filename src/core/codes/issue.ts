import { v7 as uuidv7 } from 'uuid';
import { after } from '../sessions/ending.ts';
import type { CoreStores } from '../stores.ts';
import { type NewChallenge, PURPOSES, type Purpose } from './challenge.ts';
import type { ChallengeRow } from './challenges.store.ts';
import { hashOfToken, newToken } from './secrets.ts';

/** A link. Its token is kept nowhere. */
export interface IssuedLink {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Names the challenges of which only the latest is good. */
export function latestOf(purpose: Purpose, subject: string): string {
  return `${purpose} ${subject}`;
}

/** The row of a challenge, without a code and without details, and the token of its link. */
export function newRow(
  { purpose, subject, userId, address, hasLink, ttlSeconds }: Omit<NewChallenge, 'hasCode' | 'details'>,
  createdAt: Date,
): { readonly row: ChallengeRow & { readonly latestOf: string }; readonly token: string } {
  const token = newToken();
  const id = uuidv7({ msecs: createdAt.getTime() });
  const row = {
    id,
    purpose,
    latestOf: latestOf(purpose, subject ?? id),
    userId,
    address,
    codeMac: null,
    linkHash: hasLink ? hashOfToken(token) : null,
    details: null,
    tries: 0,
    createdAt,
    expiresAt: after(createdAt, ttlSeconds ?? PURPOSES[purpose].ttlSeconds),
    usedAt: null,
  };
  return { row, token };
}

/** Adds a challenge, which takes the place of the one before with its purpose and subject, if it has one. */
export function keep(
  { challenges }: Pick<CoreStores, 'challenges'>,
  { subject }: Pick<NewChallenge, 'subject'>,
  row: ReturnType<typeof newRow>['row'],
): Promise<void> {
  return subject === undefined ? challenges.add(row) : challenges.replace(row);
}

/** Makes a link without details, so without a secret of the service. */
export async function issueLinkWithin(
  stores: Pick<CoreStores, 'challenges'>,
  link: Pick<NewChallenge, 'purpose' | 'subject' | 'userId' | 'ttlSeconds'>,
  at: Date,
): Promise<IssuedLink> {
  const { row, token } = newRow({ ...link, address: null, hasLink: true }, at);
  await keep(stores, link, row);
  return { token, expiresAt: row.expiresAt };
}
