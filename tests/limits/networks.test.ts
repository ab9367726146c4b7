import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aNetwork, quotasOf } from '../support/quotas.ts';

const LIMITS = { RATE_LIMIT_LOGIN_IP: '3/60', RATE_LIMIT_SIGNUP_IP: '1000000/60' };

/** What is left under login-ip after a login with this X-Forwarded-For, or the status of the refusal. */
async function leftAfter(app: TestApp, forwardedFor?: string): Promise<number> {
  const login = app.post('/login').send(aPerson());
  const response = await (forwardedFor === undefined ? login : login.set('X-Forwarded-For', forwardedFor));
  return response.status === 429 ? 429 : (quotasOf(response)[0]?.remaining ?? Number.NaN);
}

async function leftAfterEach(app: TestApp, forwardedFor: readonly string[]): Promise<number[]> {
  const left: number[] = [];
  for (const value of forwardedFor) left.push(await leftAfter(app, value));
  return left;
}

describe('Without a proxy in front (TRUST_PROXY=0)', () => {
  const app = useApp('SQLite', { ...LIMITS, TRUST_PROXY: '0' });

  it('a forged X-Forwarded-For buys no further try', async () => {
    const forged = ['203.0.113.1', '203.0.113.2, 203.0.113.3', '2001:db8::1', '127.0.0.2', 'garbage'];

    expect(await leftAfterEach(app, forged)).toEqual([2, 1, 0, 429, 429]);
    expect(await leftAfter(app)).toBe(429);
  });
});

describe('Behind one proxy (TRUST_PROXY=1)', () => {
  const app = useApp('SQLite', { ...LIMITS, TRUST_PROXY: '1' });

  it('the address that the proxy saw counts', async () => {
    const [one, other] = [aNetwork(), aNetwork()];

    expect(await leftAfterEach(app, [one, one, other, one, one, other])).toEqual([2, 1, 2, 0, 429, 1]);
  });

  it('what a client puts before it changes nothing', async () => {
    const [client, other] = [aNetwork(), aNetwork()];
    const forged = [
      `${other}, ${client}`,
      `203.0.113.1, 203.0.113.2, ${client}`,
      `garbage, ${client}`,
      `::1, ${client}`,
    ];

    expect(await leftAfterEach(app, forged)).toEqual([2, 1, 0, 429]);
    expect(await leftAfter(app, other)).toBe(2);
  });

  it('what it has no address for counts together', async () => {
    const answers = await leftAfterEach(app, ['garbage', 'more garbage', 'unknown', '_hidden']);

    expect(answers).toEqual([2, 1, 0, 429]);
  });

  it('all addresses of one IPv6 network of 64 bits count together, however they are spelled', async () => {
    const spellings = [
      '2001:db8:1:2::1',
      '2001:db8:1:2:ffff:ffff:ffff:ffff',
      '2001:0DB8:0001:0002:0000:0000:0000:0001',
      '2001:db8:1:2:3::',
    ];

    expect(await leftAfterEach(app, spellings)).toEqual([2, 1, 0, 429]);
  });

  it('addresses of other IPv6 networks do not', async () => {
    const networks = ['2001:db8:7:0::1', '2001:db8:7:1::1', '2001:db8:8:0::1', '2001:db9:7:0::1'];

    expect(await leftAfterEach(app, networks)).toEqual([2, 2, 2, 2]);
  });

  it('networks of one customer count together as well: four times as much for a /56, sixteen times for a /48', async () => {
    const from = (customer: string, site: number, network: number) =>
      `2001:db8:${customer}:${site.toString(16)}${network.toString(16).padStart(2, '0')}::1`;
    const eachThrice = (customer: string, site: number, networks: readonly number[]) =>
      networks.flatMap((network) => Array<string>(3).fill(from(customer, site, network)));
    const allowed = Array.from({ length: 4 }, () => [2, 1, 0]).flat();

    for (const site of [1, 2, 3, 4]) {
      expect(await leftAfterEach(app, eachThrice('a', site, [0, 1, 2, 3]))).toEqual(allowed);
      expect(await leftAfter(app, from('a', site, 4))).toBe(429);
    }

    expect(await leftAfter(app, from('a', 5, 0))).toBe(429);
    expect(await leftAfter(app, from('b', 5, 0))).toBe(2);
  });

  it('one network that floods uses up its own limit only, and not that of those around it', async () => {
    await leftAfterEach(app, Array<string>(60).fill('2001:db8:c:0::1'));

    expect(await leftAfterEach(app, ['2001:db8:c:0::1', '2001:db8:c:1::1', '2001:db8:c:100::1'])).toEqual([
      429, 2, 2,
    ]);
  });

  it('an IPv4 address counts as itself where it comes as one of IPv6', async () => {
    const [client, other] = [aNetwork(), aNetwork()];
    const spellings = [client, `::ffff:${client}`, `::FFFF:${client}`, `0:0:0:0:0:ffff:${client}`];

    expect(await leftAfterEach(app, spellings)).toEqual([2, 1, 0, 429]);
    expect(await leftAfter(app, `::ffff:${other}`)).toBe(2);
  });

  it('what is counted for a token or a session follows it to every network', async () => {
    const { token } = await signUp(app);
    const verifyFrom = (address: string) =>
      app.get('/verify').set('X-Forwarded-For', address).auth(token, { type: 'bearer' });

    const [first, second] = [await verifyFrom(aNetwork()), await verifyFrom(aNetwork())];

    expect(quotasOf(first)[0]?.remaining).toBe(Number(quotasOf(second)[0]?.remaining) + 1);
  });
});

describe('Behind a list of proxies (TRUST_PROXY)', () => {
  const app = useApp('SQLite', { ...LIMITS, TRUST_PROXY: 'loopback, 10.0.0.0/8' });

  it('the last address that is none of theirs counts', async () => {
    const client = aNetwork();
    const ways = [
      client,
      `${client}, 10.1.2.3`,
      `203.0.113.1, ${client}, 10.1.2.3, 10.4.5.6`,
      `${aNetwork()}, ${client}`,
    ];

    expect(await leftAfterEach(app, ways)).toEqual([2, 1, 0, 429]);
  });
});
