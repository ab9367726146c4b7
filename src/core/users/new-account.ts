import type { FieldError } from '../errors.ts';
import type { PasswordPolicy } from '../passwords/policy.ts';
import type { Identifier } from './identifiers.ts';

/** The fields of a new account that its password must not repeat, as far as they are known. */
interface AccountFields {
  readonly email?: Identifier | undefined;
  readonly username?: Identifier | null | undefined;
  readonly name?: string | null | undefined;
  readonly password?: string | undefined;
}

/** What is wrong with the password of a new account. */
export function passwordProblems(
  { problemOf }: Pick<PasswordPolicy, 'problemOf'>,
  { email, username, name, password }: AccountFields,
): FieldError[] {
  if (password === undefined) return [];
  const problem = problemOf(password, [email?.shown, username?.shown, name], '/password');
  return problem === null ? [] : [problem];
}
