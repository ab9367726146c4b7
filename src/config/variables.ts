import type { z } from 'zod';
import { DATABASE_VARIABLES } from './database.ts';
import { FACTORS_VARIABLES } from './factors.ts';
import { LIMITS_VARIABLES } from './limits.ts';
import { MESSAGES_VARIABLES } from './messages.ts';
import { PAGES_VARIABLES } from './pages.ts';
import { PASSKEYS_VARIABLES } from './passkeys.ts';
import { PASSWORDS_VARIABLES } from './passwords.ts';
import { SERVER_VARIABLES } from './server.ts';
import { SOCIAL_VARIABLES } from './social.ts';
import { TOKENS_VARIABLES } from './tokens.ts';

/** Every variable there is, in the order of .env.example. */
export const VARIABLES = {
  ...SERVER_VARIABLES,
  ...DATABASE_VARIABLES,
  ...TOKENS_VARIABLES,
  ...PASSWORDS_VARIABLES,
  ...PASSKEYS_VARIABLES,
  ...MESSAGES_VARIABLES,
  ...SOCIAL_VARIABLES,
  ...FACTORS_VARIABLES,
  ...PAGES_VARIABLES,
  ...LIMITS_VARIABLES,
};

export type VariableName = keyof typeof VARIABLES;

/** The parsed values of the variables. */
export type Values = { [Name in VariableName]: z.output<(typeof VARIABLES)[Name]['schema']> };

/** The value as it may appear in a message: secrets only by their length, URLs without their password. */
export function describeValue(name: VariableName, value: string | undefined): string {
  if (value === undefined) return 'not set';
  return 'secret' in VARIABLES[name]
    ? `a secret of ${value.length} characters`
    : JSON.stringify(value.replace(/(\/\/[^/@:]*):[^/@]*@/, '$1:***@'));
}

/** The content of .env.example: every variable, commented out, with its default and its meaning. */
export function renderEnvExample(): string {
  const head =
    '# Every variable with its default. Secrets also read from a file: JWT_SECRET_FILE=/run/secrets/jwt\n';
  const rows = Object.entries(VARIABLES).map(
    ([name, row]) => `\n# ${row.meaning}\n# ${name}=${row.default}\n`,
  );
  return head + rows.join('');
}
