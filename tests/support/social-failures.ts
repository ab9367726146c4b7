import { describe, expect, it } from '@jest/globals';
import {
  type Browser,
  type Callback,
  locationOf,
  openBrowser,
  type SocialAppOptions,
  useSocialApp,
} from './social-browser.ts';
import { causesOf, expectNothingCreated, expectSentBack } from './social-outcomes.ts';
import { type Failure, json, type PeerControl } from './social-peers/peer.ts';

interface SuiteOptions<Peer> extends SocialAppOptions<Peer> {
  readonly provider: string;
  /** Signs a person in at the stand-in. */
  readonly signIn: (peer: Peer) => void;
  /** Asked before the browser is led to the provider. */
  readonly discoveryPath?: string;
  /** Asked when it comes back, in this order. */
  readonly paths: readonly string[];
  /** Failures of a path that are none to this provider, as `path failure`. */
  readonly except?: readonly string[];
  /** For a provider whose answers are read by the same code as those of another, one of each kind will do. */
  readonly isBrief?: true;
}

const html = (status: number): Failure => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<h1>Sorry</h1>',
});

/** What an endpoint may answer, and the code of it. */
const FAILURES: readonly (readonly [name: string, failure: Failure, code: string])[] = [
  ['500', 500, 'provider_unavailable'],
  ['502', 502, 'provider_unavailable'],
  ['503', 503, 'provider_unavailable'],
  ['429', 429, 'provider_unavailable'],
  ['a connection that is cut', 'reset', 'provider_unavailable'],
  ['400', 400, 'provider_error'],
  ['401', 401, 'provider_error'],
  ['403', 403, 'provider_error'],
  ['404', 404, 'provider_error'],
  ['401 in JSON', json({ message: 'Bad credentials' }, 401), 'provider_error'],
  ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 'provider_error'],
  ['204', { status: 204 }, 'provider_error'],
  ['an empty answer', { status: 200 }, 'provider_error'],
  ['a page with 200', html(200), 'provider_error'],
  ['half of an answer', 'garbage', 'provider_error'],
  ['an answer without end', 'huge', 'provider_error'],
  ['an empty object', json({}), 'provider_error'],
  ['an empty list', json([]), 'provider_error'],
  ['null', json(null), 'provider_error'],
  ['a text', json('text'), 'provider_error'],
];

const BRIEF = ['503', '404', 'a connection that is cut', 'half of an answer', 'an empty object'];

/** Whatever a provider answers, the person comes back to the app with an error, and nothing has happened. */
export function describeFailures<Peer extends PeerControl>(options: SuiteOptions<Peer>): void {
  const { provider, signIn, discoveryPath, paths, except = [], isBrief = false } = options;
  const failures = FAILURES.filter(([name]) => !isBrief || BRIEF.includes(name));
  const failuresOf = (path: string) => failures.filter(([name]) => !except.includes(`${path} ${name}`));

  describe(`A failure of ${provider}`, () => {
    const used = useSocialApp(options);

    async function beginAndVisit(): Promise<{ browser: Browser; callback: Callback }> {
      const browser = openBrowser(used.app);
      signIn(used.peer);
      const begun = await browser.begin(provider);
      return { browser, callback: await browser.visit(locationOf(begun)) };
    }

    // What has been read once is kept, so this order: each failure comes before the first success of its path.
    if (discoveryPath !== undefined) {
      it.each(failuresOf(discoveryPath))(
        `leads back before it has begun: %s at ${discoveryPath}`,
        async (_name, failure, code) => {
          used.peer.fail(discoveryPath, failure);
          const browser = openBrowser(used.app);
          const causes = await causesOf(used.app, async () =>
            expectSentBack(await browser.begin(provider), code),
          );
          expect(causes).toHaveLength(1);
          expect(browser.jar.size).toBe(0);
        },
      );

      it.each(['hang', 'stall'] as const)(
        `leads back where ${discoveryPath} takes too long: %s`,
        async (failure) => {
          used.peer.fail(discoveryPath, failure);
          const arrival = used.peer.arrival(discoveryPath);
          const begun = openBrowser(used.app).begin(provider);
          await arrival;
          used.timeOut();
          expectSentBack(await begun, 'provider_unavailable');
        },
      );

      it('leads back where the provider is down before it has begun', async () => {
        await used.peer.goDown();
        expectSentBack(await openBrowser(used.app).begin(provider), 'provider_unavailable');
      });
    }

    for (const path of paths) {
      it.each(failuresOf(path))(`leads back: %s at ${path}`, async (_name, failure, code) => {
        const { browser, callback } = await beginAndVisit();
        used.peer.fail(path, failure);
        const causes = await causesOf(used.app, () =>
          expectNothingCreated(used.app, async () => expectSentBack(await browser.comeBack(callback), code)),
        );
        expect(causes).toHaveLength(1);
      });

      it.each(['hang', 'stall'] as const)(`leads back where ${path} takes too long: %s`, async (failure) => {
        const { browser, callback } = await beginAndVisit();
        used.peer.fail(path, failure);
        const arrival = used.peer.arrival(path);
        await expectNothingCreated(used.app, async () => {
          const back = browser.comeBack(callback);
          await arrival;
          used.timeOut();
          expectSentBack(await back, 'provider_unavailable');
        });
      });
    }

    it('leads back where the provider goes down in the middle of an answer', async () => {
      const { browser, callback } = await beginAndVisit();
      const [path = ''] = paths;
      used.peer.fail(path, 'stall');
      const arrival = used.peer.arrival(path);
      const back = browser.comeBack(callback);
      await arrival;
      await used.peer.goDown();
      expectSentBack(await back, 'provider_unavailable');
    });

    it('leads back where the provider has gone down when the browser comes back', async () => {
      const { browser, callback } = await beginAndVisit();
      await used.peer.goDown();
      await expectNothingCreated(used.app, async () =>
        expectSentBack(await browser.comeBack(callback), 'provider_unavailable'),
      );
    });

    it('is over when the provider is back, also for a sign-in that was begun before', async () => {
      const browser = openBrowser(used.app);
      signIn(used.peer);
      const begun = await browser.begin(provider);
      await used.peer.goDown();
      await expect(browser.visit(locationOf(begun))).rejects.toThrow('fetch failed');
      await used.peer.comeBack();

      const back = await browser.comeBack(await browser.visit(locationOf(begun)));
      await browser.exchange(locationOf(back)).expect(200);
    });
  });
}
