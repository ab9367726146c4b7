import { z } from 'zod';
import { Email } from '../users/fields.ts';
import { Phone } from '../users/phone.ts';
import { EXAMPLE_ID, Id } from '../values/fields.ts';
import { fieldIssue, wellFormedText } from '../values/text.ts';
import type { SentChallenge } from './codes.ts';

const CODE = /^\d{6}$/;
/** What people type between digits, and what pasting brings along. */
const BETWEEN_DIGITS = /[\s\-\u200b\u2010-\u2015]/g;
const MAX_TYPED_LENGTH = 64;

export const EXAMPLE_TOKEN = 'q4n9Yb0dVdVb2U6Jm0sYl1T1m3V8x1r0o5e7w2k9c4g';

/** Six digits as text, since a number has no leading zeros. Spaces and hyphens between them are ignored. */
export const Code = wellFormedText
  .transform((typed) =>
    typed.length > MAX_TYPED_LENGTH ? '' : typed.normalize('NFKC').replace(BETWEEN_DIGITS, ''),
  )
  .refine((code) => CODE.test(code), fieldIssue('invalid_code_format', 'Must be the six digits of the code.'))
  .meta({ description: 'The six digits of the message, as a string', example: '049183' });

export const ChallengeId = Id.meta({
  description: 'That of the answer to the request for the code',
  example: EXAMPLE_ID,
});

/** Any text: what cannot be a token is refused like an unknown one. */
export const LinkToken = wellFormedText.meta({
  description: 'The end of the link, in place of challenge_id and code',
  example: EXAMPLE_TOKEN,
});

/** The code of a challenge, which proves that its message was received. */
export const codeShape = { challenge_id: ChallengeId, code: Code };

/** The same, or the token of its link. */
export const codeOrLinkShape = {
  challenge_id: ChallengeId.optional(),
  code: Code.optional(),
  token: LinkToken.optional(),
};

interface CodeOrLink {
  readonly challenge_id?: string | undefined;
  readonly code?: string | undefined;
  readonly token?: string | undefined;
}

export const ONE_PROOF = {
  ...fieldIssue('one_proof', 'Send challenge_id and code, or token.'),
  when: ({ value }: { readonly value: unknown }) => typeof value === 'object' && value !== null,
};

/** Whether exactly one of the two is there. */
export function hasOneProof({ challenge_id: id, code, token }: CodeOrLink): boolean {
  return token === undefined
    ? id !== undefined && code !== undefined
    : id === undefined && code === undefined;
}

/** An email address, or a phone number. */
export const addressShape = { email: Email.optional(), phone: Phone.optional() };

export const SentAnswer = z
  .strictObject({
    challenge_id: z.uuid().meta({ description: 'Send it with the code', example: EXAMPLE_ID }),
    expires_in: z
      .int()
      .positive()
      .meta({ description: 'Seconds for which the code or link is good', example: 600 }),
  })
  .meta({ id: 'SentCode' });

/** The same whether or not anything was sent. */
export function presentSent({ id, expiresInSeconds }: SentChallenge) {
  return { status: 202 as const, body: { challenge_id: id, expires_in: expiresInSeconds } };
}
