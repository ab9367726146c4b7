import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

describe('GET /verify', () => {
  const app = useApp('SQLite');

  it.each(['Bearer', 'Bearer one two', 'Bearer a,b', 'Bearer "quoted"', 'Bearer tökén'])(
    'answers 400 to the header %j, which is malformed',
    async (header) => {
      const response = await app.get('/verify').set('Authorization', header).expect(400);

      expect(response.body.code).toBe('invalid_request');
      expect(response.headers['www-authenticate']).toContain('error="invalid_request"');
      expect(response.headers).not.toHaveProperty('x-auth-subject');
    },
  );

  it('answers 400 to two Authorization headers, of which a gateway may have checked the other', async () => {
    const { token } = await signUp(app);
    const call = httpRequest(`${app.url}/verify`, {
      headers: ['Host', 'x', 'Authorization', `Bearer ${token}`, 'Authorization', 'Bearer x'],
    });
    call.end();

    const [response] = (await once(call, 'response')) as [IncomingMessage];

    expect(response.statusCode).toBe(400);
    expect(response.headers).not.toHaveProperty('x-auth-subject');
    expect(await json(response)).toMatchObject({ code: 'invalid_request' });
  });
});
