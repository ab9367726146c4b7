import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { SAMPLES, TEMPLATE_NAMES } from '../../src/mail/samples.ts';
import { createTemplates } from '../../src/mail/templates.ts';
import { useDirectories } from '../support/directories.ts';
import { createLogSink } from '../support/logs.ts';
import { useMailApp } from '../support/messages.ts';
import { aPerson } from '../support/people.ts';

const page = readFileSync(new URL('../../docs/email.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, block = '']) => block);

describe('The page of mail', () => {
  const newDirectory = useDirectories();

  it('names every message, with all that stands in it', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \|.*\| (.*)\|$/gm)];
    expect(rows.map(([, name]) => name)).toEqual(TEMPLATE_NAMES);
    for (const [, name = '', values = ''] of rows) {
      const data = Object.keys(SAMPLES[name as keyof typeof SAMPLES]);
      const duration = data.some((value) => ['minutes', 'days'].includes(value)) ? ['duration'] : [];
      const named = [...values.matchAll(/`(\w+)`/g)].map(([, value]) => value);
      expect([name, named.toSorted()]).toEqual([name, [...data, ...duration].toSorted()]);
    }
  });

  it('shows a translation that works', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'fr'));
    const translation = blocks.find((block) => block.startsWith('Subject: Votre')) ?? '';
    writeFileSync(join(directory, 'fr/sign-in-code.eta'), translation);
    const logs = createLogSink();
    const templates = createTemplates({
      directory,
      service: 'Example',
      host: 'auth.example.com',
      logger: pino(logs),
    });

    const message = await templates.render({
      template: 'sign-in-code',
      data: SAMPLES['sign-in-code'],
      language: 'fr-CA',
    });

    expect(message.subject).toBe('Votre code de connexion à Example');
    expect(message.text).toContain('\n123456\n\nIl est valable 10 minutes.');
    expect(message.html).toContain('>123456</p>');
    expect(logs.lines).toEqual([]);
  });

  describe('shows what arrives', () => {
    const started = useMailApp('SQLite', { PUBLIC_URL: 'http://localhost:3000' });

    it('after POST /password/forgot', async () => {
      const { app, smtp } = started();
      const person = aPerson();
      await app.post('/signup').send(person).expect(201);
      await app.outbox.settled();
      smtp.forget();

      await app.post('/password/forgot').send({ email: person.email }).expect(202);
      await smtp.received(1);

      const [mail] = smtp.mails;
      const shown = blocks.find((block) => block.startsWith('From: ')) ?? '';
      expect(mail?.rcptTo).toEqual([person.email]);
      expect(flat(`Subject: ${mail?.subject}\n\n${mail?.text}`)).toBe(
        flat(shown.replace(/^From.*\nTo.*\n/, '')),
      );
    });
  });
});

/** Without what differs from mail to mail, and without line breaks. */
function flat(text: string): string {
  return text
    .replace(/^\d{6}$/m, '000000')
    .replace(/(\/password\/reset\/)\S+/, '$1…')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
