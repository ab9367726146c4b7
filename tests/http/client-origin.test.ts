import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { trustProxies } from '../../src/http/origin.ts';
import { useApp } from '../support/app.ts';
import { aPerson } from '../support/people.ts';
import { sendRaw } from '../support/raw-request.ts';

describe('The address that a proxy forwards', () => {
  const app = useApp('SQLite', { TRUST_PROXY: '1' });

  async function shownFor(forwarded: string) {
    const person = aPerson();
    await app.post('/signup').set('X-Forwarded-For', forwarded).send(person).expect(201);
    const login = await app
      .post('/login')
      .set('X-Forwarded-For', forwarded)
      .send({ email: person.email, password: person.password })
      .expect(200);
    const auth = { type: 'bearer' } as const;
    const sessions = await app.get('/sessions').auth(login.body.access_token, auth).expect(200);
    const activity = await app.get('/me/activity').auth(login.body.access_token, auth).expect(200);
    const shown = [...sessions.body.sessions, ...activity.body.events].map(({ ip }) => ip);
    return [...new Set(shown)];
  }

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:51234', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7:1', '203.0.113.7'],
    ['unknown', null],
    ['_hidden', null],
    ['127.1', null],
    ['203.0.113.7:x', null],
    ['<script>', null],
  ])('%s is shown as %j in the list of sessions and in the audit log', async (forwarded, ip) => {
    expect(await shownFor(forwarded)).toEqual([ip]);
  });
});

describe('A proxy in a list of trusted addresses', () => {
  it('is one with a port, or as an IPv4 address in IPv6, also on a socket of both', async () => {
    const app = express();
    trustProxies(app, ['loopback', '10.0.0.0/8']);
    app.use((req, res) => void res.end(req.ip));
    const server = createServer(app).listen(0, '::');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = async (forwarded: string) => {
      const headers = { 'X-Forwarded-For': forwarded };
      return (await fetch(`http://127.0.0.1:${port}/`, { headers })).text();
    };

    expect(await ask('203.0.113.7, 10.0.0.1:443')).toBe('203.0.113.7');
    expect(await ask('203.0.113.7, [::ffff:10.0.0.1]:443')).toBe('203.0.113.7');
    expect(await ask('198.51.100.1, 203.0.113.7:443, 10.0.0.1')).toBe('203.0.113.7:443');
    server.close();
    server.closeAllConnections();
  });
});

describe('The limit of an address', () => {
  const app = useApp('SQLite', { TRUST_PROXY: '1', RATE_LIMIT_LOGIN_IP: '2/3600' });

  it('counts an address as one, with whatever port it comes', async () => {
    const ask = (forwarded: string) =>
      app.post('/login').set('X-Forwarded-For', forwarded).send({ email: 'ada@example.com', password: 'x' });

    await ask('203.0.113.9:1').expect(401);
    await ask('::ffff:203.0.113.9').expect(401);
    await ask('203.0.113.9').expect(429);
  });
});

describe('A User-Agent', () => {
  const app = useApp('SQLite');

  async function shownFor(userAgent: Buffer) {
    const content = JSON.stringify(aPerson());
    const head = [
      'POST /signup HTTP/1.1',
      'Content-Type: application/json',
      `Content-Length: ${content.length}`,
      Buffer.concat([Buffer.from('User-Agent: '), userAgent]),
    ];
    const { body } = await sendRaw(app, head, content);
    const auth = { type: 'bearer' } as const;
    const token = String(body?.access_token);
    const sessions = await app.get('/sessions').auth(token, auth).expect(200);
    const activity = await app.get('/me/activity').auth(token, auth).expect(200);
    expect(activity.body.events[0].user_agent).toBe(sessions.body.sessions[0].user_agent);
    return sessions.body.sessions[0].user_agent;
  }

  it.each(['Büro-App/1.0 (Gerät)', '订单服务/2.1', 'emoji 🔑 agent', 'curl/8.5.0'])(
    'in UTF-8 is shown as it was sent: %s',
    async (text) => {
      expect(await shownFor(Buffer.from(text))).toBe(text);
    },
  );

  it('whose bytes are not UTF-8 is read as ISO 8859-1', async () => {
    expect(await shownFor(Buffer.from('Büro-App', 'latin1'))).toBe('Büro-App');
  });

  it.each([
    ['a tab', 'one\ttwo', 'onetwo'],
    ['a control character in UTF-8', 'one\u0085\u009btwo', 'onetwo'],
    ['what turns the text around', 'one\u202etwo\u2066', 'onetwo'],
    ['the end of a line in Unicode', 'one\u2028two', 'onetwo'],
  ])('is shown without %s', async (_what, sent, shown) => {
    expect(await shownFor(Buffer.from(sent))).toBe(shown);
  });

  it('is shown without control characters where it is not UTF-8', async () => {
    expect(await shownFor(Buffer.from([0x61, 0x9b, 0x62, 0xe9]))).toBe('abé');
  });

  it('is cut between characters where it is too long', async () => {
    const shown = await shownFor(Buffer.from(`a${'🔑'.repeat(400)}`));

    expect(shown).toBe(`a${'🔑'.repeat(255)}`);
  });
});

describe('OPTIONS *', () => {
  const app = useApp('SQLite');

  it('is answered with the methods that the service takes, which is logged', async () => {
    const { status, head } = await sendRaw(app, ['OPTIONS * HTTP/1.1']);

    expect(status).toBe(204);
    expect(head).toMatch(
      /^Allow: (?=.*\bGET\b)(?=.*\bHEAD\b)(?=.*\bPOST\b)(?=.*\bPUT\b)(?=.*\bPATCH\b)(?=.*\bDELETE\b)(?=.*\bOPTIONS\b)[A-Z, ]+$/m,
    );
    expect(head).not.toContain('ANY');
    expect(app.logs.lines.some((line) => line.includes('"route":"*"'))).toBe(true);
  });

  it.each(['GET', 'POST', 'DELETE'])('has no meaning for %s', async (method) => {
    expect((await sendRaw(app, [`${method} * HTTP/1.1`])).status).toBe(400);
  });

  it('is no way past the check of the Host', async () => {
    const head = ['OPTIONS * HTTP/1.1', 'Host: another'];

    expect((await sendRaw(app, head)).status).toBe(400);
  });
});
