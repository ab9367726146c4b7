import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { useApp } from '../support/app.ts';

describe('GET /metrics on the public port', () => {
  const plain = useApp('SQLite');
  const apart = useApp('SQLite', { METRICS_PORT: '9464' });

  it('is not there by default, with whatever token', async () => {
    await plain.get('/metrics').expect(404);
    await request(plain.url).head('/metrics').expect(404);
    const response = await plain.get('/metrics').set('Authorization', 'Bearer undefined').expect(404);
    expect(response.body).toMatchObject({ code: 'not_found' });
  });

  it('is not there where only METRICS_PORT is set', async () => {
    const response = await apart.get('/metrics').expect(404);
    expect(response.body).toMatchObject({ code: 'not_found' });
  });
});
