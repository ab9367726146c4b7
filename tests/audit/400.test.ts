import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';

/** `make`, but what it made the first time is kept. */
function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

onOneDatabase((kind) => {
  describe.each(['/admin/audit', '/me/activity'])('GET %s', (path) => {
    const app = useApp(kind);
    const admin = once(() => anAdmin(app));

    async function refuse(query: string): Promise<string[]> {
      const { token } = await admin();
      const { body } = await app.get(`${path}?${query}`).auth(token, { type: 'bearer' }).expect(400);
      expect(body.code).toBe('validation_failed');
      return body.errors.map(({ pointer }: { pointer: string }) => pointer);
    }

    it.each([
      ...['0', '-1', '201', '1000', '1.5', '1e2', 'ten', '', '01', '%20', '0x10'].map((value) => [
        'limit',
        value,
      ]),
      ...['nonsense', '', '1', '01a1f739-6923-7248-88fc', '%27%20OR%201=1', 'null'].map((value) => [
        'cursor',
        value,
      ]),
      ['until_', '2026-11-20T00:00:00Z'],
      ['__proto__', 'x'],
    ])('answers 400 to %s=%s', async (name, value) => {
      expect(await refuse(`${name}=${value}`)).toEqual([`/${name}`]);
    });

    it('answers 400 to a parameter that is given twice', async () => {
      expect(await refuse('limit=1&limit=2')).toEqual(['/limit']);
    });
  });

  describe('GET /admin/audit', () => {
    const app = useApp(kind);
    const admin = once(() => anAdmin(app));

    it.each([
      ...[
        '2026-11-20',
        'yesterday',
        '1700000000',
        '',
        '2026-02-30T00:00:00Z',
        '2026-11-20T00:00:00',
        '9999-12-31T23:59:59-12:00',
      ].flatMap((value) => [
        ['from', value],
        ['until', value],
      ]),
      ...['user.flew', '', 'USER.SIGNED_UP', 'user.%25'].map((value) => ['type', value]),
      ...['', '%00', 'a%20b', '%C3%A4', 'x'.repeat(128)].flatMap((value) => [
        ['subject', value],
        ['actor', value],
      ]),
    ])('answers 400 to %s=%s', async (name, value) => {
      const { token } = await admin();

      const { body } = await app
        .get(`/admin/audit?${name}=${value}`)
        .auth(token, { type: 'bearer' })
        .expect(400);

      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: `/${name}` }] });
    });
  });

  describe('GET /me/activity', () => {
    const app = useApp(kind);
    const admin = once(() => anAdmin(app));

    it('answers 400 to the filters of administrators, so that they are not silently ignored', async () => {
      const { token } = await admin();

      const { body } = await app.get('/me/activity?subject=x').auth(token, { type: 'bearer' }).expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/subject', code: 'unknown_field' }]);
    });
  });
});
