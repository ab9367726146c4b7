import { z } from 'zod';
import { anyone, permission, session, user } from '../../src/http/access.ts';
import { noContent, ok } from '../../src/http/answer.ts';
import { json } from '../../src/http/body.ts';
import { routesWith } from '../../src/http/route.ts';

// What the compiler refuses of a route: `npm run typecheck` fails where one of these lines compiles after all.

const route = routesWith<{ readonly greet: (name: string) => string }>();
const Greeting = z.strictObject({ greeting: z.string() });
const stated = { id: 'greet', method: 'POST', path: '/greetings/{id}' } as const;
const answers = { 200: { description: 'A greeting', schema: Greeting } };

// As it should be.
route({
  ...stated,
  access: user(),
  params: { schema: z.object({ id: z.uuid() }), unknown: 'not_found' },
  query: z.strictObject({ loud: z.string().optional() }),
  body: json(z.strictObject({ name: z.string() })),
  answers,
  handle: ({ body, params, query, caller }, { greet }) =>
    ok({ greeting: greet(`${body.name} ${params.id} ${query.loud} ${caller.principal.userId}`) }),
});

route({
  ...stated,
  access: anyone(),
  answers,
  // @ts-expect-error an answer that does not fit its schema
  handle: () => ok({ greeting: 1 }),
});

route({
  ...stated,
  access: anyone(),
  answers,
  // @ts-expect-error a status that the route does not answer with
  handle: () => noContent(),
});

route({
  ...stated,
  access: anyone(),
  answers,
  // @ts-expect-error a body that the route does not take
  handle: ({ body }) => ok({ greeting: body.name }),
});

route({
  ...stated,
  access: anyone(),
  body: json(z.strictObject({ name: z.string() })),
  answers,
  // @ts-expect-error a member that the body does not have
  handle: ({ body }) => ok({ greeting: body.nickname }),
});

route({
  ...stated,
  access: anyone(),
  answers,
  // @ts-expect-error a caller where everybody may call
  handle: ({ caller }) => ok({ greeting: caller.principal.userId }),
});

route({
  ...stated,
  access: user(),
  answers,
  // @ts-expect-error a session, which an API key does not have
  handle: ({ caller }) => ok({ greeting: String(caller.principal.sessionId) }),
});

route({
  ...stated,
  access: session(),
  answers,
  handle: ({ caller }) => ok({ greeting: String(caller.principal.sessionId) }),
});

route({
  ...stated,
  // @ts-expect-error a permission that does not exist
  access: permission('greetings:read'),
  answers,
  handle: () => ok({ greeting: 'hello' }),
});

route({
  ...stated,
  access: anyone(),
  answers,
  // @ts-expect-error a code that is not in the catalogue
  refuses: ['greeting_not_found'],
  handle: () => ok({ greeting: 'hello' }),
});

route({
  ...stated,
  access: anyone(),
  answers,
  // @ts-expect-error a service that the feature does not have
  handle: (_input, { shout }) => ok({ greeting: shout('hello') }),
});
