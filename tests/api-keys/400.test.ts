import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onOneDatabase((kind) => {
  describe('POST /api-keys', () => {
    const app = useApp(kind);

    async function refuse(wish: unknown) {
      const { token } = await signUp(app);
      const { body } = await app
        .post('/api-keys')
        .auth(token, { type: 'bearer' })
        .send(wish as object)
        .expect(400);
      expect(body.code).toBe('validation_failed');
      expect(await app.models.apiKeys.count()).toBe(0);
      return body.errors.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code]);
    }

    it.each<[what: string, wish: object, pointer: string, code: string]>([
      ['to no name', {}, '/name', 'required'],
      ['to a name that is no text', { name: 7 }, '/name', 'wrong_type'],
      ['to a name that is null', { name: null }, '/name', 'wrong_type'],
      ['to an empty name', { name: '' }, '/name', 'invalid_name'],
      ['to a name of spaces', { name: '   ' }, '/name', 'invalid_name'],
      ['to a name of 101 symbols', { name: '🔑'.repeat(101) }, '/name', 'invalid_name'],
      ['to a name with a line break', { name: 'a\nb' }, '/name', 'invalid_name'],
      ['to a name with a NUL', { name: 'a\0b' }, '/name', 'invalid_name'],
      ['to a name that turns the text around it', { name: 'a\u202eb' }, '/name', 'invalid_name'],
      ['to half of a character', { name: 'a\ud800' }, '/name', 'malformed_text'],
      ['to a scope that is a list', { name: 'k', scope: ['users:list'] }, '/scope', 'wrong_type'],
      ['to a scope with two spaces', { name: 'k', scope: 'a  b' }, '/scope', 'invalid_scope'],
      ['to a scope that begins with a space', { name: 'k', scope: ' a' }, '/scope', 'invalid_scope'],
      ['to a scope with a quotation mark', { name: 'k', scope: 'a"b' }, '/scope', 'invalid_scope'],
      ['to a scope with a line break', { name: 'k', scope: 'a\r\nX-Evil: 1' }, '/scope', 'invalid_scope'],
      ['to a scope beyond ASCII', { name: 'k', scope: 'ä' }, '/scope', 'invalid_scope'],
      [
        'to a scope that fits into no token',
        { name: 'k', scope: 'ab '.repeat(2_000).trim() },
        '/scope',
        'invalid_scope',
      ],
      ['to a permission of 129 characters', { name: 'k', scope: 'a'.repeat(129) }, '/scope', 'invalid_scope'],
      ['to half of a character in the scope', { name: 'k', scope: '\ud800' }, '/scope', 'malformed_text'],
      ['to an expiry that is no text', { name: 'k', expires_at: 4_102_444_800 }, '/expires_at', 'wrong_type'],
      ['to an expiry without a time', { name: 'k', expires_at: '2099-01-01' }, '/expires_at', 'invalid_time'],
      [
        'to an expiry without an offset',
        { name: 'k', expires_at: '2099-01-01T00:00:00' },
        '/expires_at',
        'invalid_time',
      ],
      [
        'to a day that there is not',
        { name: 'k', expires_at: '2099-02-30T00:00:00Z' },
        '/expires_at',
        'invalid_time',
      ],
      [
        'to an expiry in the past',
        { name: 'k', expires_at: '2001-01-01T00:00:00Z' },
        '/expires_at',
        'invalid_time',
      ],
      [
        'to an expiry beyond all years',
        { name: 'k', expires_at: '9999-12-31T23:59:59-12:00' },
        '/expires_at',
        'invalid_time',
      ],
      ['to a field that is not known', { name: 'k', roles: ['admin'] }, '/roles', 'unknown_field'],
      ['to an id of the own choice', { name: 'k', id: 'x' }, '/id', 'unknown_field'],
    ])('answers 400 %s', async (_what, wish, pointer, code) => {
      expect(await refuse(wish)).toEqual([[pointer, code]]);
    });

    it('answers 400 to an expiry at this very moment', async () => {
      const wish = { name: 'k', expires_at: new Date(app.clock.now()).toISOString() };

      expect(await refuse(wish)).toEqual([['/expires_at', 'invalid_time']]);
    });

    it('answers 400 to a body that is a list', async () => {
      expect(await refuse([])).toEqual([['', 'wrong_type']]);
    });
  });
});
