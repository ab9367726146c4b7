import type { Config } from '../../config/config.ts';

/**
 * Makes the function that gives the page for a token: the operator's, or that of this service. Never where a request says
 * that it was sent to.
 */
export function createResetLinks({ passwords, http }: Pick<Config, 'passwords' | 'http'>) {
  const { resetUrl = `${http.publicUrl}/password/reset/{token}` } = passwords;
  return (token: string): string => resetUrl.replace('{token}', token);
}
