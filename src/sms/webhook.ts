import { createHmac } from 'node:crypto';
import { type Channel, type Delivery, RefusedDelivery } from '../core/messages/message.ts';
import { isRefusedForGood, isSuccess, post } from './http.ts';

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_` and bytes in base64. */
  readonly secret: string;
}

/**
 * Hands SMS to a service of the operator, signed as Standard Webhooks prescribe. Each attempt at a message has the same
 * id, which is its idempotency key, and the same body.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function createSmsWebhook({ url, secret }: WebhookOptions): Channel {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');

  async function send(delivery: Delivery): Promise<void> {
    const body = bodyOf(delivery);
    const seconds = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', key).update(`${delivery.id}.${seconds}.${body}`).digest('base64');
    const headers = {
      'Content-Type': 'application/json',
      'webhook-id': delivery.id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${signature}`,
    };
    const { status } = await post(url, headers, body);
    if (isSuccess(status)) return;
    if (isRefusedForGood(status)) throw new RefusedDelivery(`SMS_WEBHOOK_URL refuses the message: ${status}`);
    throw new Error(`SMS_WEBHOOK_URL did not take the message: ${status}`);
  }

  return { keepsSent: false, send, close: async () => {} };
}

function bodyOf({ id, to, text, template }: Delivery): string {
  const timestamp = timeOf(id).toISOString();
  return JSON.stringify({ id, type: 'sms.send', timestamp, data: { to, text, template } });
}

/** When the message was written, which begins its UUIDv7 (RFC 9562 section 5.7). */
function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
}
