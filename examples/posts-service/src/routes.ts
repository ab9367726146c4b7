import { authOf, bearer, type Verifier } from '@latchkey/verifier';
import express, { type Request, Router } from 'express';
import type { Post, Posts } from './posts.ts';
import { parse, Refusal, refuseMethodsOtherThan } from './problem.ts';
import { NewPost, PageQuery, PostChanges, PostPath } from './schemas.ts';

/** For how long after proving who they are a user may delete. */
const DELETION_MAX_AGE_SECONDS = 300;

/** A caller without the permission is refused before the body is read. */
export function postRoutes(posts: Posts, verifier: Verifier): Router {
  const router = Router();
  const toRead = bearer(verifier, { scope: 'posts:read', realm: 'posts' });
  const toWrite = bearer(verifier, { scope: 'posts:write', realm: 'posts' });
  // Step-up authentication (RFC 9470): what cannot be undone takes more than a token that somebody may have found.
  const toDelete = bearer(verifier, {
    scope: 'posts:write',
    realm: 'posts',
    maxAgeSeconds: DELETION_MAX_AGE_SECONDS,
  });
  const json = express.json();

  router.get('/posts', toRead, async (req, res) => {
    const { limit, cursor } = parse(PageQuery, req.query);
    // One more than the page holds tells whether there is another page.
    const found = await posts.list(ownerOf(req), limit + 1, cursor);
    const page = found.slice(0, limit);
    const next = found.length > limit ? page.at(-1) : undefined;
    res.json({ posts: page.map(present), next_cursor: next?.id ?? null });
  });

  router.post('/posts', toWrite, json, async (req, res) => {
    const post = await posts.create(ownerOf(req), parse(NewPost, req.body));
    res.status(201).location(`/posts/${post.id}`).json(present(post));
  });

  router.get('/posts/:id', toRead, async (req, res) => {
    res.json(present(demand(await posts.find(ownerOf(req), idOf(req)))));
  });

  router.patch('/posts/:id', toWrite, json, async (req, res) => {
    const id = idOf(req);
    res.json(present(demand(await posts.change(ownerOf(req), id, parse(PostChanges, req.body)))));
  });

  router.delete('/posts/:id', toDelete, async (req, res) => {
    demand(await posts.remove(ownerOf(req), idOf(req)));
    res.status(204).end();
  });

  router.all('/posts', refuseMethodsOtherThan('GET, HEAD, POST'));
  router.all('/posts/:id', refuseMethodsOtherThan('GET, HEAD, PATCH, DELETE'));
  return router;
}

/** A post belongs to the subject of the token, a user or a machine client. */
function ownerOf(req: Request): string {
  return authOf(req).sub;
}

/** A malformed id is the id of no post. */
function idOf(req: Request): string {
  return demand(PostPath.safeParse(req.params).data).id;
}

/** @throws Refusal post_not_found, the same for another's post as for one that does not exist */
function demand<Found>(found: Found | null | undefined | false): Found {
  if (!found) throw new Refusal('post_not_found');
  return found;
}

/** Member by member, so that nothing that the store adds can leak. */
function present({ id, title, text, createdAt, updatedAt }: Post) {
  return { id, title, text, created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString() };
}
