import { session } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import type { ExportUser } from './export.ts';
import { ExportAnswer } from './schemas.ts';

const route = routesWith<{ readonly exportUser: ExportUser }>();

export const exportRoutes = [
  route({
    id: 'exportMe',
    method: 'GET',
    path: '/me/export',
    tag: ACCOUNTS,
    summary: 'Export your data',
    description:
      'Your account, roles, sessions, providers, passkeys, API keys and activity as one JSON document.',
    access: session(),
    answers: {
      200: {
        description: 'The document, without hashes and secrets',
        schema: ExportAnswer,
        headers: { 'Content-Disposition': 'Has a browser save it as a file' },
      },
    },
    async handle({ caller }, { exportUser }) {
      const headers = { 'Content-Disposition': 'attachment; filename="latchkey-export.json"' };
      return ok(await exportUser(caller.principal), { headers });
    },
  }),
];
