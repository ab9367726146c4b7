import { AppError } from '../core/errors.ts';
import type { MountedRoute } from './mount.ts';

/** The routes at a path. */
export interface Match {
  /** The pattern, as it is called in the log and in the metrics: /sessions/:id. */
  readonly pattern: string;
  /** The methods that the path takes, as the header Allow lists them. */
  readonly allow: string;
  /** Undefined where the path takes other methods. */
  readonly route: MountedRoute | undefined;
  /**
   * The values of its parameters.
   * @throws AppError invalid_request where it has malformed escapes
   */
  readonly params: () => Record<string, string>;
}

export interface RouteTable {
  readonly routes: readonly MountedRoute[];
  /** The methods that some path takes, as the header Allow lists them. */
  readonly allow: string;
  /** The routes at a path, which is given without its query; undefined where there are none. */
  readonly match: (method: string, path: string) => Match | undefined;
}

/** Everything at one path. */
interface Entry {
  readonly pattern: string;
  readonly parameters: readonly string[];
  readonly shape: RegExp;
  readonly below: boolean;
  readonly methods: Map<string, MountedRoute>;
  allow: string;
}

const PARAMETER = /\{(\w+)\}/g;
const noParams = () => ({});

/**
 * Finds a route by one look-up: in a map where its path has no parameters, else among a few expressions for the number of
 * segments. Paths are compared as they are: a proxy's rule for /admin/ has to hold for whatever is answered below it.
 */
export function createRouteTable(routes: readonly MountedRoute[]): RouteTable {
  const entries = new Map<string, Entry>();
  for (const route of routes) {
    const entry = entries.get(route.path) ?? newEntry(route);
    entries.set(route.path, entry);
    if (entry.methods.has(route.method)) throw new Error(`duplicate route ${route.method} ${route.path}`);
    entry.methods.set(route.method, route);
    if (route.method === 'GET') entry.methods.set('HEAD', route);
    entry.allow = [...entry.methods.keys(), 'OPTIONS'].join(', ');
  }

  const fixed = new Map<string, Entry>();
  const bySegments = new Map<number, Entry[]>();
  const trees: Entry[] = [];
  for (const [path, entry] of entries) {
    if (entry.below) trees.push(entry);
    else if (entry.parameters.length === 0) fixed.set(path, entry);
    else bySegments.set(segmentsOf(path), [...(bySegments.get(segmentsOf(path)) ?? []), entry]);
  }

  function match(method: string, path: string): Match | undefined {
    const known = fixed.get(path);
    if (known !== undefined) return matchOf(known, method, noParams);
    for (const candidates of [bySegments.get(segmentsOf(path)) ?? [], trees]) {
      for (const entry of candidates) {
        const found = entry.shape.exec(path);
        if (found !== null) return matchOf(entry, method, () => paramsOf(entry, found));
      }
    }
    return undefined;
  }

  const methods = new Set([...entries.values()].flatMap((entry) => entry.allow.split(', ')));
  methods.delete('ANY');
  return { routes, allow: [...methods].join(', '), match };
}

function newEntry({ path, below }: MountedRoute): Entry {
  const parameters = [...path.matchAll(PARAMETER)].map(([, name = '']) => name);
  const source = path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(PARAMETER, '([^/]+)');
  return {
    pattern: path.replaceAll(PARAMETER, ':$1'),
    parameters,
    // What a gateway appends is not decoded: it is the path of another service.
    shape: new RegExp(`^${source}${below ? '(?:/.*)?' : ''}$`, 's'),
    below: below === true,
    methods: new Map(),
    allow: '',
  };
}

function matchOf({ pattern, allow, methods }: Entry, method: string, params: Match['params']): Match {
  return { pattern, allow, route: methods.get(method) ?? methods.get('ANY'), params };
}

function paramsOf({ parameters }: Entry, found: RegExpExecArray): Record<string, string> {
  try {
    return Object.fromEntries(parameters.map((name, at) => [name, decodeURIComponent(found[at + 1] ?? '')]));
  } catch (cause) {
    throw new AppError('invalid_request', 'The path has malformed escapes.', { cause });
  }
}

function segmentsOf(path: string): number {
  let count = 0;
  for (let at = 0; at < path.length; at++) if (path.charCodeAt(at) === 0x2f) count++;
  return count;
}
