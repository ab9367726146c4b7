import { z } from 'zod';
import { codeOrLinkShape, hasOneProof, LinkToken, ONE_PROOF } from '../../core/codes/fields.ts';
import { Email } from '../../core/users/fields.ts';
import { EXAMPLE_ID } from '../../core/values/fields.ts';

export const VerifyBody = z
  .strictObject(codeOrLinkShape)
  .refine(hasOneProof, ONE_PROOF)
  .meta({
    id: 'EmailVerification',
    example: { challenge_id: EXAMPLE_ID, code: '049183' },
  });

export const EmailBody = z
  .strictObject({ email: Email })
  .meta({ id: 'EmailAddress', example: { email: 'grace@example.com' } });

export const UndoBody = z.strictObject({ token: LinkToken }).meta({ id: 'EmailUndo' });
