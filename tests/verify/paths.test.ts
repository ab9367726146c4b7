import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';
import { sendRaw } from '../support/raw-request.ts';

const PATHS = [
  '/caf%E9.png',
  '/100%',
  '/%zz',
  '/%00',
  '/a%2Fb%2f..',
  '/%C0%80',
  '/?q=100%',
  '?q=%E9',
  '/../%',
];

describe('The path that a gateway appends to /verify', () => {
  const app = useApp('SQLite', { METRICS_TOKEN: 'a-token-of-sixteen-characters-or-more' });

  it.each(PATHS)('is not ours to decode: %s', async (path) => {
    const { token } = await signUp(app);

    for (const method of ['GET', 'POST', 'DELETE']) {
      const valid = [`${method} /verify${path} HTTP/1.1`, `Authorization: Bearer ${token}`];
      expect((await sendRaw(app, valid)).status).toBe(200);

      const none = await sendRaw(app, [`${method} /verify${path} HTTP/1.1`]);
      expect(none).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    }
  });

  it('is in no log line and no metric', async () => {
    const { token } = await signUp(app);

    for (const method of ['GET', 'POST']) {
      await sendRaw(app, [`${method} /verify/unheard%E9-of HTTP/1.1`, `Authorization: Bearer ${token}`]);
    }

    const headers = { Authorization: 'Bearer a-token-of-sixteen-characters-or-more' };
    const metrics = await (await fetch(`${app.url}/metrics`, { headers })).text();
    expect(metrics).toMatch(/route="\/verify"/);
    expect(metrics + app.logs.lines.join('\n')).not.toContain('unheard');
  });
});
