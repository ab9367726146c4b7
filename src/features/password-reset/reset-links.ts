import type { Config } from '../../config/config.ts';

/**
 * Makes the function that gives the URL of the page for a token: the operator's page, or that of this service. Never by the
 * Host header of a request, which an attacker chooses.
 */
export function createResetLinks({ passwords, http }: Pick<Config, 'passwords' | 'http'>) {
  const { resetUrl = `${http.publicUrl}/password/reset/{token}` } = passwords;
  return (token: string): string => resetUrl.replace('{token}', token);
}
