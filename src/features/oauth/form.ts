import type { FormParameters } from '../../http/body-text.ts';
import { OAuthError } from './errors.ts';

export type Form = ReadonlyMap<string, string>;

/** As long as the name of a permission can be. */
const MAX_SHOWN_LENGTH = 128;

/** RFC 6749 section 3.3: scope-token, which leaves out the quotation mark and the backslash. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The parameters of a form. One without a value counts as left out, and none may be repeated (RFC 6749 section 3.2).
 * @throws OAuthError invalid_request
 */
export function readForm(parameters: FormParameters = []): Form {
  const form = new Map<string, string>();
  const names = new Set<string>();
  for (const [name, value] of parameters) {
    if (names.has(name)) throw new OAuthError('invalid_request', 'A parameter is repeated.');
    names.add(name);
    if (value !== '') form.set(name, value);
  }
  return form;
}

/** @throws OAuthError invalid_request */
export function requireParameter(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
  return value;
}

/**
 * The permissions that the parameter `scope` names, each once, or undefined without it (RFC 6749 section 3.3).
 * @throws OAuthError invalid_scope
 */
export function readScope(form: Form): readonly string[] | undefined {
  const names = form.get('scope')?.split(' ');
  if (names?.some((name) => !SCOPE_TOKEN.test(name))) {
    throw new OAuthError('invalid_scope', 'The scope must be names with one space between them.');
  }
  return names && [...new Set(names)];
}

/** @throws OAuthError invalid_scope where more is wanted than can be granted */
export function assertWithin(wanted: readonly string[], granted: readonly string[]): void {
  const surplus = wanted.find((name) => !granted.includes(name));
  if (surplus !== undefined) {
    const shown = surplus.slice(0, MAX_SHOWN_LENGTH);
    throw new OAuthError('invalid_scope', `The scope ${shown} cannot be granted.`);
  }
}
