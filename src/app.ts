import type { Core } from './core/core.ts';
import { accounts } from './features/accounts/feature.ts';
import { apiKeys } from './features/api-keys/feature.ts';
import { audit } from './features/audit/feature.ts';
import { clients } from './features/clients/feature.ts';
import { codes } from './features/codes/feature.ts';
import { cookies } from './features/cookies/feature.ts';
import { devOutbox } from './features/dev-outbox/feature.ts';
import { docs } from './features/docs/feature.ts';
import { email } from './features/email/feature.ts';
import { dataExport } from './features/export/feature.ts';
import { factorReset } from './features/factor-reset/feature.ts';
import { factors } from './features/factors/feature.ts';
import type { Feature } from './features/feature.ts';
import { gateway } from './features/gateway/feature.ts';
import { health } from './features/health/feature.ts';
import { lockdown } from './features/lockdown/feature.ts';
import { metrics } from './features/metrics/feature.ts';
import { oauth } from './features/oauth/feature.ts';
import { pages } from './features/pages/feature.ts';
import { passkeys } from './features/passkeys/feature.ts';
import { password } from './features/password/feature.ts';
import { passwordReset } from './features/password-reset/feature.ts';
import { phone } from './features/phone/feature.ts';
import { reauthentication } from './features/reauthentication/feature.ts';
import { revocations } from './features/revocations/feature.ts';
import { roles } from './features/roles/feature.ts';
import { sessions } from './features/sessions/feature.ts';
import { social } from './features/social/feature.ts';
import { users } from './features/users/feature.ts';
import { createFront, type Front, type FrontOptions } from './http/front.ts';
import { mount } from './http/mount.ts';
import type { OpenApiDocument } from './http/openapi.ts';
import type { RouteDescription } from './http/route.ts';

/** The version that /openapi.json, the log and the metrics name; a test holds it equal to package.json. */
export const VERSION = '0.1.0';

/** Every capability, in the order of the API document: what everybody uses comes first. */
export const FEATURES: readonly Feature[] = [
  accounts,
  password,
  reauthentication,
  codes,
  email,
  phone,
  passkeys,
  social,
  factors,
  lockdown,
  sessions,
  gateway,
  cookies,
  apiKeys,
  dataExport,
  users,
  passwordReset,
  factorReset,
  roles,
  clients,
  oauth,
  audit,
  revocations,
  health,
  devOutbox,
  docs(describeService),
  pages,
  metrics,
];

/** The service as an HTTP listener, and what its features do in addition to answering requests. */
export interface App extends Front {
  readonly housekeeping: readonly (() => Promise<void>)[];
  readonly close: () => Promise<void>;
}

export function createApp(core: Core, options: FrontOptions): App {
  const running = FEATURES.map((feature) => ({ routes: feature.routes, ...feature.create(core) }));
  for (const { on } of running) if (on) core.events.add(on);
  const routes = running.flatMap(({ routes, services, closed }) => mount(routes, services, closed));
  return {
    ...createFront(core, routes, options),
    housekeeping: running.flatMap(({ housekeeping = [] }) => housekeeping),
    close: async () => void (await Promise.all(running.map(({ close }) => close?.()))),
  };
}

/** Every route there is, whatever the configuration. */
export function allRoutes(): readonly RouteDescription[] {
  return FEATURES.flatMap(({ routes }) => routes);
}

/** The OpenAPI document of this version, as GET /openapi.json serves it. It takes no database to make. */
export async function describeService(): Promise<OpenApiDocument> {
  // Loaded when first asked for: a service starts sooner without it.
  const { describeApi } = await import('./http/openapi.ts');
  return describeApi(allRoutes(), VERSION);
}
