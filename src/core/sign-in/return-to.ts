import { isReturnUrl } from '../../config/return-url.ts';
import { fieldError } from '../errors.ts';

export interface ReturnRule {
  /** Pages, and origins for all of their pages. */
  readonly returnUrls: readonly string[];
  /** Whether pages of this host may be returned to, on any port. */
  readonly returnToLocalhost: boolean;
  /** What the URLs of this service's own pages begin with, where it has pages for people; null without. */
  readonly ownPages: string | null;
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Requires a page that a sign-in may lead back to: listed as it is, or by its origin.
 * @throws AppError validation_failed
 */
export function requireReturnUrl(url: string, rule: ReturnRule): void {
  if (isAllowed(url, rule)) return;
  throw fieldError(
    '/return_to',
    'return_to_not_allowed',
    'Write the whole URL of a page, as a browser shows it and without a fragment; RETURN_URLS has to list it, or its origin.',
  );
}

function isAllowed(url: string, { returnUrls, returnToLocalhost, ownPages }: ReturnRule): boolean {
  if (!isReturnUrl(url)) return false;
  const { origin, hostname } = new URL(url);
  // The origin of an app's own scheme is "null", which is in no list.
  if (returnUrls.includes(url) || returnUrls.includes(origin)) return true;
  if (ownPages !== null && url.startsWith(ownPages)) return true;
  return returnToLocalhost && LOCAL_HOSTS.includes(hostname) && url.startsWith('http');
}

/** Where a page leads in the end: pages of this service lead on to their parameter `return_to`, where that is allowed. */
export function destinationOf(url: string, rule: ReturnRule): string {
  if (rule.ownPages === null || !url.startsWith(rule.ownPages)) return url;
  const onward = new URL(url).searchParams.get('return_to');
  return onward !== null && isAllowed(onward, rule) ? onward : url;
}

/** The URL of a page with one more parameter. */
export function withParameter(url: string, name: string, value: string): string {
  const extended = new URL(url);
  extended.searchParams.set(name, value);
  return extended.href;
}

/** How a Content-Security-Policy names a page: by its origin, or by the scheme of an app. */
export function sourceOf(url: string): string {
  const { origin, protocol } = new URL(url);
  return origin === 'null' ? protocol : origin;
}
