import { describe, expect, it } from '@jest/globals';
import { createClient } from '../../client/src/index.ts';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { CANARY } from '../support/logs.ts';
import { signUp } from '../support/people.ts';

describe('A client whose user has to choose another password', () => {
  const app = useApp('SQLite');

  it('says so, and signs in with the new one', async () => {
    const { id, email, password } = await signUp(app);
    const { token } = await anAdmin(app);
    await app.post(`/admin/users/${id}/force-password-change`).auth(token, { type: 'bearer' }).expect(200);
    const client = createClient({ url: `http://localhost:${app.port}`, transport: 'token' });

    const refused = client.signIn({ email, password });
    await expect(refused).rejects.toMatchObject({ code: 'password_change_required', status: 403 });
    const step = await client.signIn({ email, password, new_password: `${CANARY} another battery` });

    expect(step).toMatchObject({ status: 'signed-in', user: { id } });
    client.close();
  });
});
