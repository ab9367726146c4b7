import { Cluster, Redis } from 'ioredis';

/** One server, the first nodes of a cluster, or the sentinels that know which server is the primary. */
export type RedisLocation =
  | { readonly kind: 'server' }
  | (SeveralServers & { readonly kind: 'cluster' })
  | (SeveralServers & { readonly kind: 'sentinel'; readonly primary: string; readonly db: number });

interface SeveralServers {
  readonly nodes: readonly Node[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

interface Node {
  readonly host: string;
  readonly port: number;
}

const SEVERAL_SERVERS_URL =
  /^rediss?\+(?<kind>cluster|sentinel):\/\/(?:(?<user>[^/@]*)@)?(?<nodes>[^/@]+)(?:\/(?<path>.*))?$/;
const NODE = /^(?<host>\[[^\]]+\]|[^:]+)(?::(?<port>\d+))?$/;
const DEFAULT_PORTS = { cluster: 6379, sentinel: 26_379 } as const;

/**
 * Reads REDIS_URL: `redis://host`, `redis+cluster://host:port,host:port` or
 * `redis+sentinel://host:port,host:port/name-of-the-primary/0`; with `rediss` for TLS.
 * The configuration has checked it.
 */
export function readRedisUrl(url: string): RedisLocation {
  const parts = SEVERAL_SERVERS_URL.exec(url)?.groups;
  if (parts === undefined) return { kind: 'server' };
  const kind = parts.kind as 'cluster' | 'sentinel';
  // A password may have colons of its own.
  const [, username = '', password] = /^([^:]*)(?::(.*))?$/.exec(parts.user ?? '') ?? [];
  const several = {
    nodes: (parts.nodes ?? '').split(',').map((node) => readNode(node, DEFAULT_PORTS[kind])),
    username: decodeURIComponent(username) || undefined,
    password: password === undefined ? undefined : decodeURIComponent(password),
    tls: url.startsWith('rediss'),
  };
  if (kind === 'cluster') return { kind, ...several };
  const [primary = '', db = '0'] = (parts.path ?? '').split('/').map(decodeURIComponent);
  return { kind, primary, db: Number(db), ...several };
}

function readNode(text: string, defaultPort: number): Node {
  const { host = text, port } = NODE.exec(text)?.groups ?? {};
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) };
}

/** Longer than it takes to close a connection. */
const DISCONNECT_MILLISECONDS = 100;

export interface ClientOptions {
  /** For connecting, and for each command of the handshake. */
  readonly timeoutMilliseconds: number;
  readonly reconnectAfterMilliseconds: (attempt: number) => number;
}

export type RedisClient = Redis | Cluster;

/** A client that fails a command at once where there is no connection: it queues none, and repeats none. */
export function createClient(url: string, options: ClientOptions): RedisClient {
  const { timeoutMilliseconds, reconnectAfterMilliseconds } = options;
  const failFast = {
    commandTimeout: timeoutMilliseconds,
    connectTimeout: timeoutMilliseconds,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // It waits that long at a stop, for a connection that is gone as well.
    disconnectTimeout: DISCONNECT_MILLISECONDS,
    maxRetriesPerRequest: 0,
  };
  const oneServer = {
    ...failFast,
    // Commands of one turn of the event loop share a round trip.
    enableAutoPipelining: true,
    retryStrategy: reconnectAfterMilliseconds,
  };
  const location = readRedisUrl(url);
  if (location.kind === 'server') return new Redis(url, oneServer);
  const { nodes, username, password, tls } = location;
  const access = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
  };
  if (location.kind === 'sentinel') {
    const { primary, db } = location;
    return new Redis({
      ...oneServer,
      ...access,
      sentinelRetryStrategy: reconnectAfterMilliseconds,
      sentinelCommandTimeout: timeoutMilliseconds,
      enableTLSForSentinelMode: tls,
      name: primary,
      db,
      sentinels: [...nodes],
    });
  }
  return new Cluster([...nodes], {
    // No pipelines here: one whose commands a cluster redirects in part throws where nothing can catch it.
    redisOptions: { ...failFast, ...access },
    clusterRetryStrategy: reconnectAfterMilliseconds,
    enableOfflineQueue: false,
    // A slot that has moved is asked for at its new node; where a node is lost, no request waits for another one.
    maxRedirections: 4,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: 2_000,
  });
}

/** Resolves once every server that commands may go to is connected and answers. A cluster connects to a node when it is asked. */
export async function greet(client: RedisClient): Promise<void> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client];
  await Promise.all(servers.map((server) => server.ping()));
}
