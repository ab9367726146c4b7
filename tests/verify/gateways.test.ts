import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('A gateway that keeps the method and the path of what it asks about', () => {
    const app = useApp(kind);

    it.each([
      ['GET', '/verify/orders/1?page=2'],
      ['POST', '/verify'],
      ['DELETE', '/verify/orders/1'],
      ['PROPFIND', '/verify/a%20b'],
      ['HEAD', '/verify'],
    ])('is answered to %s %s as to GET /verify, with the token and without', async (method, path) => {
      const { token, id } = await signUp(app);
      const ask = (headers: Record<string, string>) => fetch(app.url + path, { method, headers });

      const allowed = await ask({ Authorization: `Bearer ${token}`, 'X-Auth-Subject': 'somebody else' });
      const refused = await ask({});

      expect(allowed.status).toBe(200);
      expect(allowed.headers.get('x-auth-subject')).toBe(id);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"');
    });

    it('is answered to HEAD with the headers of GET and no body, also in the log and in the metrics', async () => {
      const { token } = await signUp(app);
      const headersOf = async (method: 'get' | 'head') => {
        const { headers, text } = await app[method]('/verify').auth(token, { type: 'bearer' }).expect(200);
        const { date, 'x-request-id': id, ratelimit, ...same } = headers;
        return { same, text };
      };

      const [got, asked] = [await headersOf('get'), await headersOf('head')];

      expect(asked).toEqual({ same: got.same, text: undefined });
      expect(app.logs.entries().at(-1)).toMatchObject({ req: { method: 'HEAD' }, route: '/verify' });
      expect(await app.scrape()).toContain('method="HEAD",route="/verify",status="200"');
    });
  });
});
