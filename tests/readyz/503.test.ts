import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { QueryTypes } from 'sequelize';
import { PUBLIC_URL, startApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /readyz', () => {
    const app = useApp(kind);

    async function expectNotReady(detail: RegExp) {
      const response = await app.get('/readyz').expect(503);
      expect(response.type).toBe('application/problem+json');
      expect(response.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#not_ready`,
        title: expect.any(String),
        status: 503,
        detail: expect.stringMatching(detail),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'not_ready',
      });
    }

    it('answers 503 while a migration is missing, and 200 once it is there', async () => {
      const { sequelize } = app.database;
      const [migration] = await sequelize.query<{ name: string }>('SELECT name FROM SequelizeMeta', {
        type: QueryTypes.SELECT,
      });
      expect(migration).toBeDefined();
      await sequelize.query('DELETE FROM SequelizeMeta WHERE name = ?', { replacements: [migration?.name] });

      await expectNotReady(/schema/);

      await sequelize.query('INSERT INTO SequelizeMeta (name) VALUES (?)', {
        replacements: [migration?.name],
      });
      await app.get('/readyz').expect(200);
    });

    it('answers 503 on a database that no migration has ever seen, without a word of SQL', async () => {
      const { sequelize } = app.database;
      await sequelize.query('ALTER TABLE SequelizeMeta RENAME TO away');

      await expectNotReady(/schema/);

      const { text: answer } = await app.get('/readyz').expect(503);
      expect(answer).not.toMatch(/SequelizeMeta|SELECT|SQLITE|ER_/);
      await sequelize.query('ALTER TABLE away RENAME TO SequelizeMeta');
      await app.get('/readyz').expect(200);
    });
  });

  describe('GET /readyz while the service shuts down', () => {
    it('answers 503 on connections that are still open, and asks to close them; requests in flight finish', async () => {
      const app = await startApp(kind);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const held = await holdRequest(app.port);
      expect(await get(`${app.url}/readyz`, agent)).toMatchObject({ status: 200 });

      const drained = app.drain(10_000);

      expect(await get(`${app.url}/readyz`, agent)).toEqual({
        status: 503,
        reusedSocket: true,
        headers: expect.objectContaining({
          connection: 'close',
          'content-type': expect.stringMatching(/^application\/problem\+json/),
          'retry-after': '1',
        }),
        body: expect.objectContaining({ status: 503, code: 'not_ready' }),
      });
      await expect(get(`${app.url}/readyz`, agent)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(await held.finish()).toMatch(/^HTTP\/1\.1 201 /);
      await drained;
      agent.destroy();
      await app.stop();
    });
  });
});

async function get(url: string, agent: Agent) {
  const request = httpRequest(url, { agent });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode,
    reusedSocket: request.reusedSocket,
    headers: response.headers,
    body: JSON.parse(await text(response)),
  };
}

/** Starts a sign-up and keeps back its body; the server has begun with it when this returns. */
async function holdRequest(port: number) {
  const body = JSON.stringify(aPerson());
  const socket = connect(port, '127.0.0.1');
  socket.write(
    'POST /signup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\nExpect: 100-continue\r\n\r\n`,
  );
  const [goOn] = (await once(socket, 'data')) as [Buffer];
  expect(goOn.toString()).toMatch(/^HTTP\/1\.1 100 /);
  return {
    async finish(): Promise<string> {
      socket.write(body);
      return text(socket);
    },
  };
}
