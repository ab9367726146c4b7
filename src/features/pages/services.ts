import type { Core } from '../../core/core.ts';
import type { Page, PageAsset } from '../../core/pages.ts';
import { BoundedMap } from '../../core/values/bounded-map.ts';
import { createFixedContent, type FixedContent } from '../../http/fixed-content.ts';
import { createFlows, type Flows } from './flow.ts';

/** What pages need besides the routes that they run. */
export interface Services {
  readonly flows: Flows;
  /** What is configured, so that pages offer nothing that would be refused. */
  readonly offers: {
    readonly signInPages: boolean;
    readonly docs: boolean;
    readonly signUp: boolean;
    readonly email: boolean;
    readonly sms: boolean;
    readonly rememberDays: number;
    readonly requiresFactor: boolean;
  };
  readonly minPasswordLength: number;
  /** The languages that pages have words in. */
  readonly languages: readonly string[];
  readonly now: () => Date;
  readonly assets: ReadonlyMap<string, ServedAsset>;
  /** What several visitors are shown, by the page and its key. */
  readonly sharedPages: BoundedMap<string, Page>;
}

interface ServedAsset {
  readonly fileName: string;
  readonly content: FixedContent;
  /** The same for a page of another version, which names it by another hash. */
  readonly contentForOthers: FixedContent;
}

const MAX_SHARED_PAGES = 200;
const FOR_GOOD = 'public, max-age=31536000, immutable';

/** What pages need, from the configuration and the core. */
export function createServices({ config, outbox, pages, clock }: Core): Services {
  const { publicUrl } = config.http;
  return {
    flows: createFlows(publicUrl, config.codes),
    offers: {
      signInPages: config.pages.enabled,
      docs: config.docsEnabled && config.environment !== 'production',
      signUp: !config.signupDisabled,
      email: outbox.has('email'),
      sms: outbox.has('sms'),
      rememberDays: config.factors.rememberDays,
      requiresFactor: config.factors.required !== 'off',
    },
    minPasswordLength: config.passwords.minLength,
    languages: pages.languages,
    now: () => new Date(clock.now()),
    sharedPages: new BoundedMap(MAX_SHARED_PAGES),
    assets: new Map([...pages.assets].map(([name, asset]) => [name, serve(asset)])),
  };
}

function serve({ fileName, mediaType, bytes }: PageAsset): ServedAsset {
  return {
    fileName,
    content: createFixedContent(bytes, { mediaType, cacheControl: FOR_GOOD }),
    contentForOthers: createFixedContent(bytes, { mediaType, cacheControl: 'no-cache' }),
  };
}
