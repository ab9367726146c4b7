import { z } from 'zod';
import { CHANNELS } from '../../core/messages/message.ts';
import type { KeptMessage, Outbox } from '../../core/messages/outbox.ts';
import { anyone } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { listPage, type Page, type PageItem } from '../../http/page.ts';
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
      return prefersHtml()
        ? listPage(messages.length === 0 ? NO_MESSAGES : PAGE, messages.map(toItem))
        : ok({ messages: messages.map(present) });
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

const PAGE: Page = {
  title: 'Messages',
  paragraphs: [
    'These stay here for want of a mail server or an SMS provider, or still wait to be sent by one. The latest comes first.',
  ],
  again: 'Look again',
};

const NO_MESSAGES: Page = {
  ...PAGE,
  paragraphs: [...PAGE.paragraphs, 'There are none yet. Ask for a code or a link, and it is here.'],
};

function toItem({ channel, to, subject, text, data, createdAt, isSent }: KeptMessage): PageItem {
  return {
    title: channel === 'sms' ? 'SMS' : subject,
    to: isSent ? `To ${to}` : `To ${to}, waits to be sent`,
    at: createdAt,
    text,
    code: 'code' in data ? data.code : undefined,
    link: 'link' in data ? data.link : undefined,
  };
}
