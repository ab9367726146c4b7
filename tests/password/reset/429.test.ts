import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { openResets, resetTokenOf } from '../../support/reset-tokens.ts';

describe('POST /password/reset answers 429', () => {
  const app = useApp('SQLite', { RATE_LIMIT_LOGIN_IP: '2/60' });

  it('beyond the limit of logins from one address, which counts both, and keeps the token', async () => {
    const { id, email, password } = await signUp(app);
    const token = await resetTokenOf(app, id);
    const body = { token, new_password: aPerson().password };
    await app.post('/login').send({ email, password }).expect(200);
    await app.post('/password/reset').send({ token: 'unknown', new_password: 'x' }).expect(400);

    const refused = await app.post('/password/reset').send(body).expect(429);

    expect(refused.body).toMatchObject({ code: 'rate_limited', policy: 'login-ip' });
    expect(await openResets(app)).toBe(1);
  });
});
