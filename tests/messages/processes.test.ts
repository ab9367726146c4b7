import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Message } from '../../src/core/messages/message.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { times } from '../support/extent.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { aMail, MAIL_FROM, openOutbox } from '../support/messages.ts';
import { startServer } from '../support/server-process.ts';
import { type SmtpPeer, startSmtpServer } from '../support/smtp-server.ts';
import { createMigratedDatabase } from '../support/template.ts';
import { SHARED_SECRET, useTwoProcesses } from '../support/two-processes.ts';

const MESSAGES = times(200, 2_000);

function mailsTo(addresses: readonly string[], clock: { now: () => number }): Message[] {
  return addresses.map((to) => aMail(clock, { to }));
}

const people = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}@example.com`);
const recipientsOf = ({ mails }: SmtpPeer) => mails.map(({ rcptTo }) => rcptTo.join()).toSorted();

onEachDatabase((kind) => {
  describe('Two processes on one database', () => {
    let smtp: SmtpPeer;
    beforeAll(async () => {
      smtp = await startSmtpServer();
    });
    const { database } = useTwoProcesses(kind, () => ({ SMTP_URL: smtp.url, MAIL_FROM }));
    afterAll(() => smtp.stop());

    it('send each message once, and both of them send', async () => {
      const outbox = await openOutbox({ DATABASE_URL: database().url, JWT_SECRET: SHARED_SECRET });
      const clients = new Set<number>();
      smtp.beforeTaking(async (_mail, { remotePort }) => clients.add(remotePort));
      const to = people(MESSAGES);

      await Promise.all(
        [0, 1, 2, 3].map((part) =>
          outbox.add(
            mailsTo(
              to.filter((_, index) => index % 4 === part),
              outbox.clock,
            ),
          ),
        ),
      );
      await smtp.received(MESSAGES);
      // One more, which either of them takes after all that came before.
      await outbox.add(mailsTo(['last@example.com'], outbox.clock));
      await smtp.received(MESSAGES + 1);
      await outbox.close();

      expect(recipientsOf(smtp)).toEqual([...to, 'last@example.com'].toSorted());
      // One process has at most eight connections.
      expect(clients.size).toBeGreaterThan(8);
    });
  });
});

onOneDatabase((kind) => {
  describe('A process that is killed while it sends', () => {
    const newDirectory = useDirectories();

    it('loses none of the messages, which the next one sends', async () => {
      const database = await createMigratedDatabase(kind);
      const smtp = await startSmtpServer();
      const env = {
        DATABASE_URL: database.url,
        MIGRATE_ON_START: 'true',
        JWT_SECRET: SHARED_SECRET,
        SMTP_URL: smtp.url,
        MAIL_FROM,
        HASH_WORKERS: '1',
        BCRYPT_COST: '4',
      };
      const outbox = await openOutbox({ DATABASE_URL: database.url, JWT_SECRET: SHARED_SECRET });
      const to = people(40);
      const TAKEN = 10;
      const AT_ONCE = 8;
      let arrived = 0;
      let hanging = 0;
      smtp.beforeTaking(async () => {
        arrived += 1;
        if (arrived <= TAKEN) return;
        hanging += 1;
        await new Promise(() => {});
      });
      await outbox.add(mailsTo(to, outbox.clock));

      const killed = await startServer(newDirectory(), env);
      await smtp.until(() => hanging === AT_ONCE);
      killed.child.kill('SIGKILL');
      await killed.exited;
      smtp.beforeTaking(async () => {});
      const next = await startServer(newDirectory(), env);
      await smtp.until(() => new Set(recipientsOf(smtp)).size === to.length);

      expect([...new Set(recipientsOf(smtp))]).toEqual(to.toSorted());
      expect(smtp.mails.length).toBeLessThanOrEqual(to.length + AT_ONCE);
      expect(await next.stop()).toBe(0);
      expect(await outbox.waiting()).toBe(0);
      await outbox.close();
      await smtp.stop();
      await database.drop();
      expectCleanLogs([...killed.logLines(), ...next.logLines()]);
    });
  });
});
