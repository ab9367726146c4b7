import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { v7 as uuidv7 } from 'uuid';
import { type Channel, type Delivery, RefusedDelivery } from '../../src/core/messages/message.ts';
import { createTwilioChannel } from '../../src/sms/twilio.ts';
import { createSmsWebhook } from '../../src/sms/webhook.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { type HttpPeer, startHttpPeer } from '../support/http-peer.ts';
import { anSms, sendMessages } from '../support/messages.ts';

const SID = `AC${'0123456789abcdef'.repeat(2)}`;
const AUTH_TOKEN = 'the auth token of the test';
const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

function aDelivery(details: Partial<Delivery> = {}): Delivery {
  return {
    id: uuidv7(),
    to: '+15550001111',
    template: 'phone-code',
    subject: '',
    text: '123456 is your Example code, ünd so weiter & more.\n\n@auth.example.com #123456',
    html: null,
    ...details,
  };
}

describe('SMS by Twilio', () => {
  let twilio: HttpPeer;
  beforeAll(async () => {
    twilio = await startHttpPeer();
  });
  beforeEach(() => twilio.reset(201, JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued' })));
  afterAll(() => twilio.stop());

  const channel = (from = '+15550009999') =>
    createTwilioChannel({ accountSid: SID, authToken: AUTH_TOKEN, from, apiUrl: twilio.url });

  it('are requests for messages as its API takes them', async () => {
    const delivery = aDelivery();

    await channel().send(delivery);

    expect(twilio.requests).toHaveLength(1);
    const [request] = twilio.requests;
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe(`/2010-04-01/Accounts/${SID}/Messages.json`);
    expect(request?.headers.authorization).toBe(
      `Basic ${Buffer.from(`${SID}:${AUTH_TOKEN}`).toString('base64')}`,
    );
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: delivery.to,
      From: '+15550009999',
      Body: delivery.text,
    });
  });

  it('are sent by a messaging service where one is configured', async () => {
    const service = `MG${'f'.repeat(32)}`;

    await channel(service).send(aDelivery());

    const form = new URLSearchParams(twilio.requests[0]?.body);
    expect(form.get('MessagingServiceSid')).toBe(service);
    expect(form.has('From')).toBe(false);
  });

  it.each([
    [400, 21211, "The 'To' number is not a valid phone number."],
    [400, 21610, 'Attempt to send to unsubscribed recipient'],
    [400, 21614, "'To' number is not a valid mobile number"],
  ])('are not tried again after %d with error %d', async (status, code, message) => {
    twilio.reset(status, JSON.stringify({ code, message, status }));

    const sending = channel().send(aDelivery());

    await expect(sending).rejects.toBeInstanceOf(RefusedDelivery);
    await expect(sending).rejects.toThrow(`${status} ${code} ${message}`);
  });

  it.each([
    [401, 20003, 'Authenticate', 'TWILIO_AUTH_TOKEN'],
    [403, 20003, 'Permission Denied', 'TWILIO_AUTH_TOKEN'],
    [404, 20404, 'The requested resource was not found', 'did not take'],
    [400, 21606, 'The From number is not a valid, SMS-capable number', 'TWILIO_FROM'],
    [408, 0, '', 'did not take'],
    [429, 20429, 'Too Many Requests', 'did not take'],
    [500, 20500, 'Internal Server Error', 'did not take'],
    [503, 20503, 'Service Unavailable', 'did not take'],
    [302, 0, '', 'did not take'],
  ])('are tried again after %d with error %d', async (status, code, message, says) => {
    twilio.reset(status, JSON.stringify({ code, message, status }));

    const error = await channel()
      .send(aDelivery())
      .catch((caught) => caught);

    expect(error).not.toBeInstanceOf(RefusedDelivery);
    expect(error.message).toContain(says);
    expect(error.message).not.toContain(AUTH_TOKEN);
  });

  it.each([
    ['HTML', '<html>502 Bad Gateway</html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['a string', '"text"'],
    ['a list', '[]'],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('are tried again after an answer that is not of Twilio: %s', async (_what, body) => {
    twilio.reset(502, body);

    await expect(channel().send(aDelivery())).rejects.toThrow('Twilio did not take the message: 502');
  });

  it('follow no redirect, which would take the auth token elsewhere', async () => {
    twilio.reset(307, '', { Location: `${twilio.url}/elsewhere` });

    await expect(channel().send(aDelivery())).rejects.toThrow('307');

    expect(twilio.requests).toHaveLength(1);
  });
});

describe('SMS by a webhook', () => {
  let receiver: HttpPeer;
  let channel: Channel;
  beforeAll(async () => {
    receiver = await startHttpPeer();
    channel = createSmsWebhook({ url: `${receiver.url}/sms?tenant=1`, secret: SECRET });
  });
  beforeEach(() => receiver.reset(204, ''));
  afterAll(() => receiver.stop());

  it('are signed so that a library of Standard Webhooks verifies them', async () => {
    const delivery = aDelivery();

    await channel.send(delivery);

    const [request] = receiver.requests;
    expect(request?.path).toBe('/sms?tenant=1');
    expect(request?.headers['content-type']).toBe('application/json');
    const headers = request?.headers as Record<string, string>;
    expect(new Webhook(SECRET).verify(request?.body ?? '', headers)).toEqual({
      id: delivery.id,
      type: 'sms.send',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: { to: delivery.to, text: delivery.text, template: 'phone-code' },
    });
    expect(headers['webhook-id']).toBe(delivery.id);
    expect(() => new Webhook(SECRET).verify(`${request?.body} `, headers)).toThrow();
  });

  it('have the same id and the same body in each attempt', async () => {
    const delivery = aDelivery();
    receiver.reset(503, '');

    for (const _ of [1, 2]) await channel.send(delivery).catch(() => {});

    const [first, second] = receiver.requests;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
  });

  it.each([400, 410, 422])('are not tried again after %d', async (status) => {
    receiver.reset(status, '');
    await expect(channel.send(aDelivery())).rejects.toBeInstanceOf(RefusedDelivery);
  });

  it.each([302, 401, 404, 429, 500, 503])('are tried again after %d', async (status) => {
    receiver.reset(status, '', { Location: `${receiver.url}/elsewhere` });

    const error = await channel.send(aDelivery()).catch((caught) => caught);

    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(RefusedDelivery);
    expect(receiver.requests).toHaveLength(1);
  });

  it('are read no further than their answer is of use', async () => {
    receiver.reset(200, 'x'.repeat(10_000_000));
    await channel.send(aDelivery());
  });
});

describe('SMS of the service', () => {
  let receiver: HttpPeer;
  let app: TestApp;
  beforeAll(async () => {
    receiver = await startHttpPeer();
    app = await startApp('SQLite', { SMS_WEBHOOK_URL: receiver.url, SMS_WEBHOOK_SECRET: SECRET });
  });
  afterAll(async () => {
    await app.stop();
    await receiver.stop();
  });

  it('are sent once the receiver takes them, and once only', async () => {
    receiver.reset(500, '');
    await sendMessages(app, anSms(app.clock));
    receiver.reset(200, '');
    app.clock.advanceSeconds(2);
    await app.outbox.settled();
    app.clock.advanceSeconds(60);
    await app.outbox.settled();

    expect(receiver.requests).toHaveLength(1);
    expect(JSON.parse(receiver.requests[0]?.body ?? '').data).toEqual({
      to: '+15550001111',
      text: expect.stringContaining('123456 is your auth.example.com code'),
      template: 'phone-code',
    });
  });

  it('wait for a receiver that is away', async () => {
    const { port } = receiver;
    await receiver.stop();
    await sendMessages(app, anSms(app.clock));
    receiver = await startHttpPeer(port);
    receiver.reset(200, '');

    app.clock.advanceSeconds(2);
    await app.outbox.settled();

    expect(receiver.requests).toHaveLength(1);
  });
});
