import type { Config } from '../../config/config.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Count } from '../limits/rate-limiter.ts';
import type { SmsBudget } from '../messages/sms-budget.ts';
import type { CoreStores } from '../stores.ts';
import { requirePhone } from '../users/phone.ts';
import type { ChallengeMessage, Codes, SentChallenge } from './codes.ts';
import { countSend } from './limits.ts';

const NO_SMS =
  'This service sends no SMS: its operator has set neither TWILIO_ACCOUNT_SID nor SMS_WEBHOOK_URL.';

export interface PhoneCodeOptions {
  readonly codes: Codes;
  readonly budget: SmsBudget;
  readonly clock: Clock;
  readonly messages: Config['messages'];
}

type Request = Omit<
  ChallengeMessage<'phone-code'>,
  'channel' | 'to' | 'template' | 'data' | 'hasCode' | 'hasLink' | 'subject' | 'fixedCode'
> & { readonly subject?: string };

/** Codes by SMS: to numbers that can exist, of countries that are allowed, within limits and a budget. */
export function createPhoneCodes({ codes, budget, clock, messages }: PhoneCodeOptions) {
  const { smsCountries, smsTestCodes } = messages;

  /** The fixed code of a test number, for those who review apps; undefined for any other number. */
  function testCodeOf(phone: string): string | undefined {
    const now = clock.now();
    return smsTestCodes.find((test) => test.phone === phone && (test.endsAt?.getTime() ?? Infinity) >= now)
      ?.code;
  }

  /**
   * Requires that a code may be sent to a number, and counts it.
   * @throws AppError channel_not_configured, validation_failed, rate_limited
   */
  async function admit(phone: string, count: Count, userId?: string): Promise<void> {
    if (!codes.has('sms')) throw new AppError('channel_not_configured', NO_SMS);
    const isTest = testCodeOf(phone) !== undefined;
    // A test number need not exist.
    if (!isTest) await requirePhone(phone, smsCountries);
    await countSend(count, codes, phone, userId);
    if (!isTest) await budget.spend();
  }

  /** Makes the code of a number that was admitted. Wake the outbox after the commit. */
  function sendWithin(stores: CoreStores, request: Request): Promise<SentChallenge> {
    const { address, purpose, userId } = request;
    return codes.sendWithin(stores, {
      ...request,
      // Two accounts that want one number have a code each.
      subject: request.subject ?? (purpose === 'phone_change' ? `user:${userId}` : codes.nameOf(address)),
      channel: 'sms',
      to: address,
      template: 'phone-code',
      data: ({ code, minutes }) => ({ code, minutes }),
      hasCode: true,
      hasLink: false,
      fixedCode: testCodeOf(address),
    });
  }

  return { admit, sendWithin };
}
