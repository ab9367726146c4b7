import { AppError } from '../errors.ts';
import type { FactorMethod } from '../factors/factor.ts';
import type { SecondFactorChallenge } from '../factors/second-factors.ts';

/** The refusal of a sign-in whose first factor was right, and whose account has a second one. */
export function secondFactorRequired({ token, methods, expiresInSeconds }: SecondFactorChallenge): AppError {
  return new AppError('second_factor_required', undefined, {
    members: { challenge_token: token, methods, expires_in: expiresInSeconds },
  });
}

/** The refusal of a way to prove a second factor that the user does not have. */
export function factorNotAllowed(methods: readonly FactorMethod[]): AppError {
  const which = methods.length === 0 ? 'There is none.' : `It has to be one of: ${methods.join(', ')}.`;
  return new AppError('factor_not_allowed', `This second factor cannot be used here. ${which}`);
}
