import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { addMessages, aMail, useMailApp } from '../support/messages.ts';

const MESSAGES = times(200, 10_000);
const PER_TRANSACTION = 4;

onEachDatabase((kind) => {
  describe('Many messages', () => {
    const started = useMailApp(kind);

    it('are sent once each, those of one transaction too', async () => {
      const { app, smtp } = started();
      const to = Array.from({ length: MESSAGES }, (_, index) => `person-${index}@example.com`);
      for (let index = 0; index < to.length; index += PER_TRANSACTION) {
        const addresses = to.slice(index, index + PER_TRANSACTION);
        await addMessages(
          app,
          addresses.map((address) => aMail(app.clock, { to: address })),
        );
      }

      await app.outbox.settled();

      expect(smtp.mails.map(({ rcptTo }) => rcptTo.join()).toSorted()).toEqual(to.toSorted());
      expect(smtp.recipients).toHaveLength(MESSAGES);
      expect(new Set(smtp.mails.map(({ headers }) => headers['message-id'])).size).toBe(MESSAGES);
      expect(await app.store.outbox.countWaiting('email')).toBe(0);
    });
  });
});
