import { feature } from '../feature.ts';
import { createLinkPages } from './link-pages.ts';
import { createCodeRequests } from './request.ts';
import { codeRoutes } from './routes.ts';
import { createCodeSignIn } from './sign-in.ts';

/** Signing in, and up, by codes and links. */
export const codes = feature({
  routes: codeRoutes,
  create(core) {
    const codeSignIn = createCodeSignIn(core);
    const { linkAnyDevice: anyDevice } = core.config.codes;
    return {
      services: {
        codes: core.codes,
        codeRequests: createCodeRequests(core),
        codeSignIn,
        linkPages: createLinkPages({
          codes: core.codes,
          codeSignIn,
          clock: core.clock,
          anyDevice,
          returnRule: core.config.codes,
        }),
      },
    };
  },
});
