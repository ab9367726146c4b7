import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { LIMITS_VARIABLES } from '../../src/config/limits.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { MAX_TRIES, PURPOSES } from '../../src/core/codes/challenge.ts';
import { ERRORS } from '../../src/core/errors.ts';
import { createSmsWebhook } from '../../src/sms/webhook.ts';
import { useDirectories } from '../support/directories.ts';
import { exampleFile } from '../support/example-file.ts';
import { freePort } from '../support/mysql-server.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const PAGE = readFileSync(join(DOCS, 'passwordless.md'), 'utf8');

interface KeptSms {
  readonly channel: string;
  readonly text: string;
  readonly code: string;
}

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );
}

describe('docs/passwordless.md', () => {
  const newDirectory = useDirectories();

  describe('Its commands', () => {
    let server: ServerProcess;
    beforeAll(async () => {
      const port = await freePort();
      const env = { ...QUICK, PORT: String(port), PUBLIC_URL: `http://localhost:${port}` };
      server = await startServer(newDirectory(), env);
    });
    afterAll(() => server.stop());

    it('sign in by a code of a mail, by one of an SMS, and by a link when pasted from top to bottom', async () => {
      const shell = openShell(newDirectory(), {});
      const answers: string[] = [];
      for (const command of blocks('sh').filter((block) => block.includes('curl')))
        answers.push(
          await shell.run(command.replaceAll('http://localhost:3000', `http://localhost:${server.port}`)),
        );
      await shell.close();
      const outbox = (await (await fetch(`${server.url}/dev/outbox`)).json()) as { messages: KeptSms[] };
      const [byMail = {}, bySms = {}, byLink = {}] = answers.map((answer) => JSON.parse(answer));

      const shown = JSON.parse(blocks('json')[0] ?? '');
      expect(Object.keys(byMail)).toEqual(Object.keys(shown));
      expect(Object.keys(byMail.user)).toEqual(Object.keys(shown.user));
      expect(byMail).toMatchObject({
        user: { email: 'grace@example.com', email_verified: true },
        expires_in: 900,
      });
      expect(bySms).toMatchObject({ user: { email: null, phone: '+4915112345678' } });
      expect(byLink.user.id).toBe(byMail.user.id);
      expect(answers).toHaveLength(3);
      const sms = outbox.messages.find(({ channel }) => channel === 'sms') ?? { text: '', code: '' };
      const text = sms.text.replaceAll(sms.code, '049183').replaceAll('localhost', 'auth.example.com');
      expect(blocks('http')[0]).toContain(JSON.stringify(text));
    });
  });

  it('shows the request of the webhook for SMS as it is sent', async () => {
    const [, fields = '', body = ''] = /^POST .*?\n(.+?)\n\n(.+)$/s.exec(blocks('http')[0] ?? '') ?? [];
    const shown = JSON.parse(body);
    const headers = Object.fromEntries(
      fields.split('\n').map((line) => line.split(': ') as [string, string]),
    );
    const received: unknown[] = [];
    const server = createServer(async (req, res) => {
      received.push(req.headers, await json(req));
      res.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const channel = createSmsWebhook({ url, secret: `whsec_${'A'.repeat(44)}` });

    await channel.send({ id: shown.id, ...shown.data, subject: '', html: null });
    await new Promise((resolve) => server.close(resolve));

    expect(received[1]).toEqual(shown);
    expect(Object.keys(headers)).toEqual(
      expect.arrayContaining(['webhook-id', 'webhook-timestamp', 'webhook-signature']),
    );
    expect(received[0]).toMatchObject({
      'content-type': headers['Content-Type'],
      'webhook-id': headers['webhook-id'],
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
    expect(Number(headers['webhook-timestamp'])).toBe(Math.floor(Date.parse(shown.timestamp) / 1000));
  });

  it('has code that is that of the example, which is tried in a browser', () => {
    const app = exampleFile('browser-app/app.js', {});

    expect(blocks('js').filter((block) => !app.includes(block))).toEqual([]);
    expect(blocks('js')).toHaveLength(1);
    expect(blocks('sh')).toContain('node examples/browser-app/serve.mjs\n');
  });

  it('names settings that the configuration takes', () => {
    const urls = /RETURN_URLS='([^']+)'/.exec(PAGE)?.[1] ?? '';
    const codes = [...PAGE.matchAll(/`(\+1555\d+:\d{6}[^`]*)`/g)].map(([, value = '']) => value);

    expect(loadConfig({ RETURN_URLS: urls }).codes.returnUrls).toEqual(urls.split(','));
    expect(codes).toHaveLength(2);
    for (const SMS_TEST_CODES of codes)
      expect(loadConfig({ SMS_TEST_CODES }).messages.smsTestCodes).toHaveLength(1);
    const rows = [...PAGE.matchAll(/^\| `([A-Z_]+)` \| `([^`]+)` \|/gm)];
    const given = rows.map(([, name = '', value]) => [name, value]);
    expect(given).toEqual(given.map(([name]) => [name, defaultOf(String(name))]));
    expect(rows.length).toBeGreaterThan(4);
  });

  it('names the lifetimes and limits that there are', () => {
    const words = (seconds: number) =>
      seconds > 86_400
        ? `${seconds / 86_400} days`
        : seconds > 3600
          ? `${seconds / 3600} hours`
          : `${seconds / 60} minute${seconds === 60 ? '' : 's'}`;
    const lifetimeOf = (what: string) => new RegExp(`^\\| ${what}.* \\| ([^|]+) \\|$`, 'm').exec(PAGE)?.[1];
    const said = {
      'a code by mail or SMS, a sign-in link': PURPOSES.sign_in_link,
      'the code that a link has led back with': PURPOSES.exchange,
      'a code and a link to choose another password': PURPOSES.password_reset,
      'a code and a link to verify an address': PURPOSES.email_verification,
      'a code for a phone number': PURPOSES.phone_change,
      'a link that takes a change': PURPOSES.email_undo,
      'a link that locks the account': PURPOSES.lockdown,
    };
    for (const [what, { ttlSeconds }] of Object.entries(said))
      expect([what, lifetimeOf(what)]).toEqual([what, words(ttlSeconds)]);
    expect(PAGE).toContain(`| codes tried for one challenge, right or wrong | ${MAX_TRIES} |`);

    for (const [limit, name] of [
      ['5 in 15 minutes', 'RATE_LIMIT_SEND_ADDRESS'],
      ['10 an hour', 'RATE_LIMIT_SEND_ACCOUNT'],
      ['30 an hour', 'RATE_LIMIT_SEND_IP'],
      ['10,000 an hour', 'RATE_LIMIT_SEND_TOTAL'],
    ] as const) {
      expect(PAGE).toContain(`| ${limit} | \`${name}\` |`);
      const [count, seconds] = LIMITS_VARIABLES[name].default.split('/');
      const time = seconds === '3600' ? 'an hour' : `in ${Number(seconds) / 60} minutes`;
      expect(limit).toBe(`${Number(count).toLocaleString('en')} ${time}`);
    }
  });

  it('names codes with their status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)];
    const wrong = rows.filter(
      ([, code = '', status]) => ERRORS[code as keyof typeof ERRORS]?.status !== Number(status),
    );

    expect(wrong).toEqual([]);
    expect(rows).toHaveLength(10);
  });

  it('has pictures that are quickly loaded', () => {
    const pictures = [...PAGE.matchAll(/\]\((images\/[^)]+)\)/g)].map(([, path = '']) => path);

    expect(pictures).toHaveLength(4);
    for (const path of pictures) expect(statSync(join(DOCS, path)).size).toBeLessThan(60_000);
  });
});

function defaultOf(name: string): unknown {
  const variable = VARIABLES[name as keyof typeof VARIABLES];
  return 'default' in variable ? variable.default : undefined;
}
