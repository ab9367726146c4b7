import { expect } from '@jest/globals';
import type { Response } from 'supertest';
import { setCookiesIn } from './cookies.ts';

/** The cookies of pending sign-ins that an answer sets, each as it is written. */
export function pendingCookiesIn(response: Response): string[] {
  return setCookiesIn(response).filter((text) => /^(?:__Host-)?latchkey-pending-/.test(text));
}

/** The one that it sets, as a browser sends it back. */
export function pendingCookieIn(response: Response): string {
  const set = pendingCookiesIn(response).filter((text) => !text.includes('Max-Age=0'));
  expect(set).toHaveLength(1);
  return set[0]?.split(';')[0] ?? '';
}

/** The parameters of the page of a provider that an answer leads to. */
export function requestIn({ headers }: Response): Record<string, string> {
  return Object.fromEntries(new URL(headers.location ?? '').searchParams);
}

/** A page for a person: it loads nothing, is kept nowhere and tells nothing of the inside. */
export function expectPage(response: Response, status: number, title: string): void {
  const { headers, text } = response;
  expect({ status: response.status, title: /<h1>(.*)<\/h1>/.exec(text)?.[1] }).toEqual({ status, title });
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none';style-src 'nonce-[\w+/=]+';img-src 'self' data:;font-src 'self';form-action 'none';base-uri 'none';frame-ancestors 'none'$/,
    ),
  });
  expect(headers).not.toHaveProperty('location');
  expect(text).not.toMatch(/<script|<form|\.ts\b|node_modules|Error:|\bat .*:\d+/);
}
