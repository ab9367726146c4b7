import { z } from 'zod';

const MAX_PAGE = 100;
const LIMIT = `Must be a whole number from 1 to ${MAX_PAGE}`;

/** A lone surrogate could not be stored as it was sent. */
const Text = z.string().refine((value) => value.isWellFormed(), 'Must be well-formed Unicode');

const Title = Text.trim().min(1).max(200);
const Body = Text.max(20_000);

export const NewPost = z.strictObject({ title: Title, text: Body });

export const PostChanges = z
  .strictObject({ title: Title.exactOptional(), text: Body.exactOptional() })
  .refine((changes) => Object.keys(changes).length > 0, 'Send title, text or both');

/** Ids are stored in lower case and compared byte by byte. */
export const PostPath = z.object({ id: z.uuid().toLowerCase() });

export const PageQuery = z.strictObject({
  limit: z
    .string(LIMIT)
    .refine((value) => /^[1-9]\d{0,2}$/.test(value) && Number(value) <= MAX_PAGE, LIMIT)
    .transform(Number)
    .default(20),
  cursor: z.uuid('Must be the next_cursor of the page before').toLowerCase().optional(),
});
