import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type AppError, ERRORS, overloaded, rateLimited } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';
import type { RateLimiter, RequestPolicy } from '../core/limits/rate-limiter.ts';
import { networkOf } from './origin.ts';
import { presentProblem, problemFields, refusalOf } from './problem.ts';
import { quotaFields } from './rate-limit.ts';
import type { RefusalBudget } from './refusal-budget.ts';
import { newRequestId } from './request-id.ts';
import type { RequestLog } from './request-log.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { closeAfter } from './when-over.ts';

/** The checks of a route before its body is read. */
export interface Guarded {
  /** The name of the route in the log and in the metrics. */
  readonly route: string;
  readonly policy: RequestPolicy;
  /** Whether it hashes a password. */
  readonly hashes: boolean;
}

export interface RefusalLaneOptions {
  /** The ordinary path, which every request may take. */
  readonly ordinary: RequestListener;
  /** Undefined for requests that the ordinary path should handle. */
  readonly guardOf: (req: IncomingMessage) => Guarded | undefined;
  readonly addressOf: (req: IncomingMessage) => string | undefined;
  /** Undefined where limits are off. */
  readonly limiter: RateLimiter | undefined;
  readonly hashing: {
    readonly hasRoom: (network: string) => boolean;
    /** Counts a refusal, and returns the seconds after which to come again. */
    readonly refuse: () => number;
  };
  /** Whether a request comes from a device that has logged in before, for which there may be room all the same. */
  readonly isKnown: (req: IncomingMessage) => Promise<boolean>;
  readonly budget: RefusalBudget;
  readonly publicUrl: string;
  readonly onLimited: (policy: RequestPolicy) => void;
  readonly onOverloaded: (route: string) => void;
  readonly recordRefusal: RequestLog['recordRefusal'];
  readonly logger: Logger;
}

/** A request that may be refused here. */
interface Arrival {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly route: string;
  readonly address: string | undefined;
  readonly network: string;
  /** By `performance.now()`. */
  readonly begunAt: number;
}

/** A refusal without the id of its request, which goes between the halves of the body. */
interface Rendered {
  readonly error: AppError;
  readonly status: number;
  readonly fields: readonly string[];
  readonly before: string;
  readonly after: string;
}

/** Refusals differ in the seconds that they name. */
const MAX_RENDERED = 1_000;
/** No request has such an id: they are UUIDs. */
const ID_MARK = '(id)';

/**
 * A fast path for requests that an address limit or a full hash queue refuses: without Express and without
 * parsing the body, with answers that are rendered once. They are those of the ordinary path, field by field.
 */
export function createRefusalLane(options: RefusalLaneOptions): RequestListener {
  const { ordinary, guardOf, addressOf, limiter, hashing, isKnown, budget, publicUrl } = options;
  const { onLimited, onOverloaded, recordRefusal, logger } = options;
  const rendered = new Map<string, Rendered>();

  return (req, res) => {
    const guarded = guardOf(req);
    if (guarded === undefined) ordinary(req, res);
    else {
      admit(req, res, guarded).catch((err) => {
        logger.error({ err }, 'a request could not be admitted');
        res.destroy();
      });
    }
  };

  function refuse(
    { req, res, route, address, network, begunAt }: Arrival,
    refusal: Rendered,
    quota?: Quota,
  ): void {
    budget.pace(network, {
      send() {
        const id = newRequestId();
        const isAborted = res.destroyed;
        if (!isAborted) write(res, refusal, id, quota);
        const { status, error } = refusal;
        recordRefusal({ id, req, route, status, begunAt, isAborted, refusal: refusalOf(error, address) });
      },
      makeLast: () => closeAfter(res),
    });
  }

  async function admit(
    req: IncomingMessage,
    res: ServerResponse,
    { policy, route, hashes }: Guarded,
  ): Promise<void> {
    const begunAt = performance.now();
    const address = addressOf(req);
    const network = networkOf(address);
    const arrival: Arrival = { req, res, route, address, network, begunAt };
    const quota = limiter && (await limiter.consume(policy, network));
    if (quota?.allowed === false) {
      onLimited(policy);
      const { limit, resetSeconds, remaining } = quota;
      const key = `${policy} ${limit} ${remaining} ${resetSeconds}`;
      const refusal = renderedOnce(key, () => rateLimited(quota));
      refuse(arrival, refusal);
      return;
    }
    if (hashes && !hashing.hasRoom(network) && !(await isKnown(req))) {
      const seconds = hashing.refuse();
      onOverloaded(route);
      const refusal = renderedOnce(`overloaded ${seconds}`, () => overloaded(seconds));
      refuse(arrival, refusal, quota);
      return;
    }
    // The ordinary path shows the quota and does not count the request again.
    if (quota !== undefined) Object.assign(req, { countedQuota: quota });
    ordinary(req, res);
  }

  function renderedOnce(key: string, error: () => AppError): Rendered {
    return rendered.get(key) ?? render(key, error());
  }

  function render(key: string, error: AppError): Rendered {
    const [before = '', after = ''] = JSON.stringify(presentProblem(error, publicUrl, ID_MARK)).split(
      ID_MARK,
    );
    const fields = { ...SECURITY_HEADERS, ...problemFields(error) };
    const refusal = {
      error,
      status: ERRORS[error.code].status,
      fields: Object.entries(fields).flat(),
      before,
      after,
    };
    if (rendered.size >= MAX_RENDERED) rendered.clear();
    rendered.set(key, refusal);
    return refusal;
  }
}

function write(res: ServerResponse, refusal: Rendered, id: string, quota: Quota | undefined): void {
  const { status, fields, before, after } = refusal;
  const body = before + id + after;
  res.writeHead(status, [
    ...fields,
    ...(quota ? quotaFields(quota).flat() : []),
    'X-Request-Id',
    id,
    'Content-Length',
    String(Buffer.byteLength(body)),
  ]);
  res.end(body);
}
