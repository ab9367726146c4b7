import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { useApp } from '../support/app.ts';
import { useDirectories } from '../support/directories.ts';
import { signUp } from '../support/people.ts';
import { runServer } from '../support/server-process.ts';

const newDirectory = useDirectories();
const METRICS_TOKEN = 'a-token-that-reads-the-metrics';

describe('GET /metrics with METRICS_TOKEN', () => {
  const app = useApp('SQLite', { METRICS_TOKEN });
  const ask = () => request(app.url).get('/metrics');

  it('is token_missing without a token, whatever other credentials are sent', async () => {
    for (const authorization of ['', 'Basic bWV0cmljczptZXRyaWNz', METRICS_TOKEN]) {
      const response = await ask().set('Authorization', authorization);

      expect(response.status).toBe(401);
      expect(response.body).toMatchObject({ code: 'token_missing', status: 401 });
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(response.text).not.toContain('latchkey_');
    }
  });

  it('is token_invalid with any other token, even one that begins or ends like it', async () => {
    const others = [`${METRICS_TOKEN}x`, METRICS_TOKEN.slice(0, -1), METRICS_TOKEN.toUpperCase(), 'x'];
    for (const other of others) {
      const response = await ask().set('Authorization', `Bearer ${other}`).expect(401);

      expect(response.body).toMatchObject({ code: 'token_invalid' });
      expect(response.headers['www-authenticate']).toContain('error="invalid_token"');
    }
  });

  it('takes no access token of a user for it', async () => {
    const { token } = await signUp(app);

    const response = await ask().set('Authorization', `Bearer ${token}`).expect(401);

    expect(response.body).toMatchObject({ code: 'token_invalid' });
  });

  it('reads the token from the header alone', async () => {
    await request(app.url).get(`/metrics?access_token=${METRICS_TOKEN}`).expect(401);
    await request(app.url).get('/metrics').set('Cookie', `access_token=${METRICS_TOKEN}`).expect(401);
  });

  it('refuses HEAD just so', async () => {
    await request(app.url).head('/metrics').expect(401);
  });

  it('opens nothing else: the token is no access token', async () => {
    const response = await app.get('/me').set('Authorization', `Bearer ${METRICS_TOKEN}`).expect(401);

    expect(response.body).toMatchObject({ code: 'token_invalid' });
  });
});

describe('METRICS_TOKEN that no Authorization header can carry', () => {
  it('is a fault of the configuration, since the metrics could never be read with it', async () => {
    const run = await runServer(newDirectory(), { METRICS_TOKEN: 'correct horse battery staple' });

    expect(run.exitCode).toBe(78);
    expect(run.stderr).toContain('METRICS_TOKEN');
    expect(run.stderr).not.toContain('battery');
  });
});
