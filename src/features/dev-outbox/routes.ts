import { z } from 'zod';
import { CHANNELS } from '../../core/messages/message.ts';
import type { KeptMessage, Outbox } from '../../core/messages/outbox.ts';
import type { Page } from '../../core/pages.ts';
import { anyone } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { showPage } from '../../http/page.ts';
import { routesWith } from '../../http/route.ts';
import { CODES_AND_LINKS } from '../../http/tags.ts';

const route = routesWith<{ readonly outbox: Pick<Outbox, 'listLatest'> }>();

const MAX_MESSAGES = 50;

const OutboxAnswer = z
  .strictObject({
    messages: z.array(
      z.strictObject({
        id: z.uuid(),
        channel: z.enum(CHANNELS),
        to: z.string(),
        subject: z.string(),
        text: z.string(),
        code: z.string().nullable().meta({ description: 'The code in it', example: '049183' }),
        link: z.string().nullable().meta({ description: 'The link in it' }),
        created_at: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'DevOutbox' });

export const devOutboxRoutes = [
  route({
    id: 'devOutbox',
    method: 'GET',
    path: '/dev/outbox',
    tag: CODES_AND_LINKS,
    summary: 'The messages that stay here, since no channel sends them',
    description:
      'Outside production only, where there is no mail server or nothing that sends SMS. The latest first; a browser gets a page.',
    access: anyone(),
    answers: { 200: { description: 'The latest messages', schema: OutboxAnswer } },
    async handle({ prefersHtml }, { outbox }) {
      const messages = await outbox.listLatest(MAX_MESSAGES);
      return prefersHtml() ? showPage(outboxPage(messages)) : ok({ messages: messages.map(present) });
    },
  }),
];

/** Member by member, so that nothing else can leak. */
function present({ id, channel, to, subject, text, data, createdAt }: KeptMessage) {
  return {
    id,
    channel,
    to,
    subject,
    text,
    code: 'code' in data ? data.code : null,
    link: 'link' in data ? data.link : null,
    created_at: createdAt.toISOString(),
  };
}

function outboxPage(messages: readonly KeptMessage[]): Page {
  return {
    words: messages.length === 0 ? 'pages.outbox_empty' : 'pages.outbox',
    template: 'outbox',
    data: { messages: messages.map(toItem) },
  };
}

function toItem({ channel, to, subject, text, data, createdAt, isSent }: KeptMessage) {
  const time = createdAt.toISOString();
  return {
    title: channel === 'sms' ? 'SMS' : subject,
    to,
    isSent,
    time,
    shownTime: `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`,
    text,
    code: 'code' in data ? String(data.code) : undefined,
    link: 'link' in data ? String(data.link) : undefined,
  };
}
