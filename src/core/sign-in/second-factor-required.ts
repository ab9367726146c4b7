import { AppError } from '../errors.ts';
import type { SecondFactorChallenge } from '../factors/second-factors.ts';

/** The refusal of a sign-in whose first factor was right, and whose account has a second one. */
export function secondFactorRequired({ token, methods, expiresInSeconds }: SecondFactorChallenge): AppError {
  return new AppError('second_factor_required', undefined, {
    members: { challenge_token: token, methods, expires_in: expiresInSeconds },
  });
}
