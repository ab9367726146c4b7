import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Channel, Messaging } from '../core/messages/message.ts';
import { type Mailbox, parseMailbox } from '../mail/mailbox.ts';
import { createSmtpChannel } from '../mail/smtp.ts';
import { createTemplates } from '../mail/templates.ts';
import { createTwilioChannel } from '../sms/twilio.ts';
import { createSmsWebhook } from '../sms/webhook.ts';

/** The channels that are configured; where one is not, outside production, messages stay in the outbox. */
export function openMessaging({ environment, http, messages }: Config, logger: Logger): Messaging {
  const { smtp, brandName, devOutbox, templatesDirectory: directory } = messages;
  const kept = devOutbox ? createDevChannel(logger) : undefined;
  const from = smtp && parseMailbox(smtp.from, brandName);
  const email = smtp && from ? openEmail(smtp.url, from, environment === 'production') : kept;
  const sms = openSms(messages) ?? kept;
  const { hostname: host } = new URL(http.publicUrl);
  const service = (from?.name ?? brandName) || host;
  const templates = createTemplates({ directory, service, host, logger });
  // One process of several tries the files out.
  if (cluster.isPrimary || cluster.worker?.id === 1) void templates.check();
  return {
    channels: { ...(email && { email }), ...(sms && { sms }) },
    render: templates.render,
  };
}

/** Outside production a server of the developer needs no TLS, unless a password would be sent to it. */
function openEmail(url: string, from: Mailbox, isProduction: boolean): Channel {
  return createSmtpChannel({ url, from, requireTls: isProduction || new URL(url).password !== '' });
}

function openSms({ twilio, webhook }: Config['messages']): Channel | undefined {
  if (twilio !== undefined) return createTwilioChannel(twilio);
  return webhook && createSmsWebhook(webhook);
}

/** Messages stay in the outbox, and are shown in the terminal. */
function createDevChannel(logger: Logger): Channel {
  return {
    keepsSent: true,
    async send({ to, subject, text }) {
      logger.info({ to, subject, text }, 'message kept in the outbox: GET /dev/outbox shows it');
    },
    close: async () => {},
  };
}
