import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { sent } from '../support/codes.ts';
import { signUp } from '../support/people.ts';

const GERMAN = 'Neues Passwort für auth.example.com festlegen';
const ENGLISH = 'Reset your password for auth.example.com';

describe('The language of a message', () => {
  const app = useApp('SQLite');

  it.each([
    ['de', 'en-GB,en', GERMAN],
    ['en', 'de-DE,de', ENGLISH],
    [null, 'de-DE,de;q=0.9,en;q=0.8', GERMAN],
    [null, 'en-US,en;q=0.9,de;q=0.8', ENGLISH],
    [null, 'tlh', ENGLISH],
  ])('is that of the account (%s), or else that of the browser (%s)', async (language, accepted, subject) => {
    const { email, token } = await signUp(app);
    await app.patch('/me').auth(token, { type: 'bearer' }).send({ language }).expect(200);

    const request = app.post('/password/forgot').set('Accept-Language', accepted).send({ email });

    expect(await sent(app, request)).toMatchObject({ to: email, subject });
  });
});
