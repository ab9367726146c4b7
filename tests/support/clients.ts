import { anAdmin } from './admins.ts';
import type { TestApp } from './app.ts';

export interface TestClient {
  readonly id: string;
  readonly secret: string;
}

/** What a new client may do where a test does not say so. */
export const SCOPE = 'clients:read tokens:introspect';

/** Makes a machine client by the API; `token` is that of a user who may do so. */
export async function makeClient(
  app: TestApp,
  details: { readonly scope?: string; readonly expires_at?: string } = {},
  token?: string,
): Promise<TestClient> {
  const creator = token ?? (await anAdmin(app)).token;
  const body = { name: 'Nightly reports', scope: SCOPE, ...details };
  const response = await app.post('/admin/clients').auth(creator, { type: 'bearer' }).send(body).expect(201);
  return { id: response.body.client_id, secret: response.body.client_secret };
}

/** A request with these parameters as a form, and by Basic if there is a client. */
export function postForm(
  app: TestApp,
  path: string,
  parameters: Readonly<Record<string, string>>,
  client?: TestClient,
) {
  const request = app.post(path).type('form').send(parameters);
  return client === undefined ? request : request.auth(client.id, client.secret);
}

/** Asks for an access token of the client. */
export function askForToken(
  app: TestApp,
  client: TestClient,
  parameters: Readonly<Record<string, string>> = {},
) {
  return postForm(app, '/oauth/token', { grant_type: 'client_credentials', ...parameters }, client);
}

/** An access token of the client. */
export async function tokenOf(
  app: TestApp,
  client: TestClient,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> {
  return (await askForToken(app, client, parameters).expect(200)).body.access_token;
}

/** The entries of one type about one subject in the audit log, the latest first. */
export async function recorded(app: TestApp, type: string, subjectId: string | null) {
  const order: [string, string][] = [['id', 'DESC']];
  const rows = await app.models.ledger.findAll({ where: { type, subjectId }, order });
  return rows.map((row) => {
    const { actorType, actorId, outcome, details, ip, requestId } = row.get();
    return {
      actorType,
      actorId,
      outcome,
      ip,
      requestId,
      details: details === null ? {} : JSON.parse(details),
    };
  });
}
