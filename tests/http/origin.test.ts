import { describe, expect, it } from '@jest/globals';
import { networkOf } from '../../src/http/origin.ts';

describe('The network that a request is counted for', () => {
  it.each([
    ['an IPv4 address is itself', '203.0.113.7', '203.0.113.7'],
    ['another IPv4 address of the same network is another', '203.0.113.8', '203.0.113.8'],
    ['an IPv6 address is its /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['an IPv6 address is the same /64 in capitals', '2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['an IPv6 address is the same /64 with all its zeros', '2001:0db8:0001:0002::0001', '2001:db8:1:2::/64'],
    ['the first IPv6 address of a /64 belongs to it', '2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['the last IPv6 address of a /64 belongs to it', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['the next /64 is another', '2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['zeros that are left out count', '2001:db8::1', '2001:db8:0:0::/64'],
    ['the loopback of IPv6 is a network too', '::1', '0:0:0:0::/64'],
    ['an IPv6 address of a link is without its zone', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['an IPv4 address with a port is without it', '203.0.113.7:4711', '203.0.113.7'],
    ['an IPv6 address in brackets is without them', '[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
    ['an IPv6 address with a port is without it', '[2001:db8:1:2::1]:4711', '2001:db8:1:2::/64'],
    ['an IPv4 address in IPv6 is the IPv4 address', '::ffff:203.0.113.7', '203.0.113.7'],
    ['an IPv4 address in IPv6 is the same in hexadecimal', '::ffff:cb00:7107', '203.0.113.7'],
    ['an IPv4 address in IPv6 is the same with all its zeros', '0:0:0:0:0:FFFF:203.0.113.7', '203.0.113.7'],
  ])('%s', (_what, ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it.each([
    [undefined],
    [''],
    ['garbage'],
    ['unknown'],
    ['203.0.113.256'],
    ['2001:db8::1::2'],
    ['203.0.113.7, 1.2.3.4'],
  ])('is one for all without an address, such as %j', (ip) => {
    expect(networkOf(ip)).toBe('unknown');
  });
});
