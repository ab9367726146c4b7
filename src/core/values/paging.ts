import { z } from 'zod';
import { idOr } from './fields.ts';
import { fieldIssue } from './text.ts';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const CURSOR = { description: 'next_cursor of the page before' };

/** How many there are on a page. */
const Limit = z
  .string()
  .refine(
    (value) => /^[1-9]\d{0,2}$/.test(value) && Number(value) <= MAX_LIMIT,
    fieldIssue('invalid', `Must be a whole number from 1 to ${MAX_LIMIT}.`),
  )
  .transform(Number)
  .default(DEFAULT_LIMIT)
  .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT });

/** The members of a query for what is in the order of ids. */
export const pagingById = {
  limit: Limit,
  cursor: idOr('Must be the next_cursor of the page before.').optional().meta(CURSOR),
};

/** The members of a query for what is in the order of its names. */
export function pagingByName<Name extends z.ZodType<string>>(name: Name) {
  return { limit: Limit, cursor: name.optional().meta(CURSOR) };
}

export const NextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Send it as cursor for the next page; null on the last one' });

/** The first `limit` of what was found. One more than that was asked for: it shows whether there is another page. */
export function pageOf<Item>(found: readonly Item[], limit: number, keyOf: (item: Item) => string) {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > limit && last !== undefined ? keyOf(last) : null };
}
