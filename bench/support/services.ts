import type { RequestTemplate } from '../load/load.ts';
import type { Program } from './programs.ts';

/** A request, and the status of its answer where all is well. */
export interface Task {
  readonly template: RequestTemplate;
  readonly status: number;
}

/** The operations that the service and its peers share. */
export interface Service {
  readonly port: number;
  /** Signs up a new person each time, with numbers from `first` on. */
  readonly signup: (first: number) => Task;
  /** Logs in any of that many people: all who were there from the start, or more who were added since. */
  readonly login: (people?: number) => Task;
  readonly verify: () => Task;
}

/** How one service does it. */
interface Dialect {
  readonly headers: Headers;
  readonly signup: { readonly path: string; readonly body: string; readonly status: number };
  readonly login: { readonly path: string; readonly body: string };
  readonly verify: { readonly path: string; readonly credentials: (login: Response) => Promise<Headers> };
}

type Headers = Readonly<Record<string, string>>;

/** Of one load. */
export const MAX_SIGNUPS = 1_000_000;
/** Of the people that a benchmark signs up, who are numbered. */
export const EMAIL = 'person-{{n}}@example.com';
/** A service may refuse more, since each is hashed. */
const SIGNUPS_AT_ONCE = 4;
const password = 'correct horse battery staple';

/** The service with the given number of people signed up. */
export function latchkey(program: Program, people: number): Promise<Service> {
  const body = JSON.stringify({ email: EMAIL, password });
  return prepare(program, people, {
    headers: {},
    signup: { path: '/signup', body, status: 201 },
    login: { path: '/login', body },
    verify: {
      path: '/verify',
      async credentials(login) {
        const { access_token: token } = (await login.json()) as { access_token: string };
        return { Authorization: `Bearer ${token}` };
      },
    },
  });
}

/** better-auth with the given number of people signed up. */
export function betterAuth(program: Program, people: number): Promise<Service> {
  return prepare(program, people, {
    // It refuses what looks like a browser and does not say from which page.
    headers: { Origin: 'http://127.0.0.1' },
    signup: {
      path: '/api/auth/sign-up/email',
      body: JSON.stringify({ email: EMAIL, password, name: 'A person' }),
      status: 200,
    },
    login: { path: '/api/auth/sign-in/email', body: JSON.stringify({ email: EMAIL, password }) },
    verify: {
      path: '/api/auth/get-session',
      async credentials(login) {
        const cookies = login.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
        return { Cookie: cookies.join('; ') };
      },
    },
  });
}

async function prepare({ port }: Program, people: number, dialect: Dialect): Promise<Service> {
  const post = async (path: string, body: string): Promise<Response> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { ...dialect.headers, 'Content-Type': 'application/json' },
      body,
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response;
  };
  const { signup, login, verify } = dialect;
  const numbered = (body: string, number: number) => body.replace('{{n}}', String(number));
  for (let first = 0; first < people; first += SIGNUPS_AT_ONCE) {
    const batch = Array.from(
      { length: Math.min(SIGNUPS_AT_ONCE, people - first) },
      (_one, index) => first + index,
    );
    await Promise.all(batch.map((number) => post(signup.path, numbered(signup.body, number))));
  }
  const credentials = await verify.credentials(await post(login.path, numbered(login.body, 0)));

  return {
    port,
    signup: (first) => ({
      status: signup.status,
      template: {
        method: 'POST',
        path: signup.path,
        headers: dialect.headers,
        body: signup.body,
        numbers: { first, count: MAX_SIGNUPS, order: 'rising' },
      },
    }),
    login: (among = people) => ({
      status: 200,
      template: {
        method: 'POST',
        path: login.path,
        headers: dialect.headers,
        body: login.body,
        numbers: { first: 0, count: among, order: 'random' },
      },
    }),
    verify: () => ({
      status: 200,
      template: { method: 'GET', path: verify.path, headers: { ...dialect.headers, ...credentials } },
    }),
  };
}
