import { type Channel, type Delivery, RefusedDelivery } from '../core/messages/message.ts';
import { isRefusedForGood, isSuccess, post } from './http.ts';

export interface TwilioOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** A number, a sender id, or the SID of a messaging service. */
  readonly from: string;
  readonly apiUrl: string;
}

/** Errors about the sender (21212, 21603, 21606) and an empty messaging service (21703): the operator can put them right. */
const OF_THE_SENDER: readonly unknown[] = [21212, 21603, 21606, 21703];

/**
 * Sends SMS by the Messages resource of Twilio's API. It is one request, so fetch does: Twilio's library brings 54 packages
 * and 30 MB. The API knows no key that would keep a request from counting twice: a message whose answer is lost may come
 * twice.
 */
export function createTwilioChannel({ accountSid, authToken, from, apiUrl }: TwilioOptions): Channel {
  const url = `${apiUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
  const headers = {
    Authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    'Content-Type': 'application/x-www-form-urlencoded',
  };
  const sender = from.startsWith('MG') ? { MessagingServiceSid: from } : { From: from };

  async function send({ to, text }: Delivery): Promise<void> {
    const form = new URLSearchParams({ To: to, ...sender, Body: text });
    const answer = await post(url, headers, form.toString());
    if (isSuccess(answer.status)) return;
    const { code, message } = readError(answer.text);
    const answered = `${answer.status} ${[code, message].filter(Boolean).join(' ')}`.trim();
    if (answer.status === 401 || answer.status === 403)
      throw new Error(`Twilio refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN: ${answered}`);
    if (OF_THE_SENDER.includes(code)) throw new Error(`Twilio refuses TWILIO_FROM: ${answered}`);
    if (isRefusedForGood(answer.status)) throw new RefusedDelivery(`Twilio refuses the message: ${answered}`);
    throw new Error(`Twilio did not take the message: ${answered}`);
  }

  return { keepsSent: false, send, close: async () => {} };
}

/** What Twilio says of an error; nothing where the answer is not Twilio's. */
function readError(text: string): { readonly code?: unknown; readonly message?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
