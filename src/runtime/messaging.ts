import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Channel, Messaging } from '../core/messages/message.ts';

/** The channels that are configured; where one is not, outside production, messages stay in the outbox. */
export function openMessaging({ messages: { devOutbox } }: Config, logger: Logger): Messaging {
  const kept: Channel | undefined = devOutbox ? createDevChannel(logger) : undefined;
  return {
    channels: { ...(kept && { email: kept, sms: kept }) },
    render: async ({ template, data }) => ({
      subject: template,
      text: Object.values(data).join('\n'),
      html: null,
    }),
  };
}

function createDevChannel(logger: Logger): Channel {
  return {
    keepsSent: true,
    async send({ to, subject, text }) {
      logger.info({ to, subject, text }, 'message kept in the outbox: GET /dev/outbox shows it');
    },
    close: async () => {},
  };
}
