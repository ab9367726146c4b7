import { v7 as uuidv7 } from 'uuid';
import { after } from '../sessions/ending.ts';
import type { CoreStores } from '../stores.ts';
import { type NewChallenge, PURPOSES } from './challenge.ts';
import type { ChallengeRow } from './challenges.store.ts';
import { hashOfToken, newToken } from './secrets.ts';

/** A link. Its token is kept nowhere. */
export interface IssuedLink {
  readonly token: string;
  readonly expiresAt: Date;
}

/** The row of a challenge, without a code and without details, and the token of its link. */
export function newRow(
  { purpose, subject, userId, address, hasLink, ttlSeconds }: Omit<NewChallenge, 'hasCode' | 'details'>,
  createdAt: Date,
): { readonly row: ChallengeRow & { readonly latestOf: string }; readonly token: string } {
  const token = newToken();
  const row = {
    id: uuidv7({ msecs: createdAt.getTime() }),
    purpose,
    latestOf: `${purpose} ${subject}`,
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

/** Makes a link without details, so without a secret of the service. It replaces the one of its purpose and subject. */
export async function issueLinkWithin(
  { challenges }: Pick<CoreStores, 'challenges'>,
  link: Pick<NewChallenge, 'purpose' | 'subject' | 'userId' | 'ttlSeconds'>,
  at: Date,
): Promise<IssuedLink> {
  const { row, token } = newRow({ ...link, address: null, hasLink: true }, at);
  await challenges.replace(row);
  return { token, expiresAt: row.expiresAt };
}
