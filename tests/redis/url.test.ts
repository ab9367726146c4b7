import { describe, expect, it } from '@jest/globals';
import { type RedisLocation, readRedisUrl } from '../../src/redis/client.ts';

const NOBODY = { username: undefined, password: undefined };

describe('REDIS_URL', () => {
  it.each(['redis://cache', 'rediss://auth:hunter2@cache.example.com:6380/3'])(
    'names one server as %j',
    (url) => {
      expect(readRedisUrl(url)).toEqual({ kind: 'server' });
    },
  );

  it.each<[url: string, location: RedisLocation]>([
    [
      'redis+cluster://cache',
      { kind: 'cluster', nodes: [{ host: 'cache', port: 6379 }], tls: false, ...NOBODY },
    ],
    [
      'rediss+cluster://auth:hun:ter%2F2@a.example.com:7000,b.example.com,[2001:db8::1]:7001/',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a.example.com', port: 7000 },
          { host: 'b.example.com', port: 6379 },
          { host: '2001:db8::1', port: 7001 },
        ],
        tls: true,
        username: 'auth',
        password: 'hun:ter/2',
      },
    ],
    [
      'redis+sentinel://a.example.com,b.example.com:26380/the%20primary',
      {
        kind: 'sentinel',
        nodes: [
          { host: 'a.example.com', port: 26_379 },
          { host: 'b.example.com', port: 26_380 },
        ],
        primary: 'the primary',
        db: 0,
        tls: false,
        ...NOBODY,
      },
    ],
    [
      'rediss+sentinel://:hunter2@a.example.com/primary/3',
      {
        kind: 'sentinel',
        nodes: [{ host: 'a.example.com', port: 26_379 }],
        primary: 'primary',
        db: 3,
        tls: true,
        username: undefined,
        password: 'hunter2',
      },
    ],
  ])('names several servers as %j', (url, location) => {
    expect(readRedisUrl(url)).toEqual(location);
  });
});
