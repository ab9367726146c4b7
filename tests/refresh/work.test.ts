import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

describe('POST /refresh', () => {
  const app = useApp('SQLite');

  it('computes a mac for the token that it is given, and one for the next', async () => {
    const { refreshToken } = await signUp(app);
    const [secret] = app.core.keys.appSecrets;
    const { signingKey } = secret;
    let macs = 0;
    Object.defineProperty(secret, 'signingKey', {
      get() {
        macs++;
        return signingKey;
      },
    });

    await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);

    expect(macs).toBe(2);
  });
});
