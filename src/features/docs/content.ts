import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createFixedContent, type FixedContent, type FixedContentOptions } from '../../http/fixed-content.ts';

/** Fixed content that is loaded at the first request for it, which few processes ever get. */
export function lazyContent(
  load: () => Promise<string | Buffer>,
  options: FixedContentOptions,
): FixedContent {
  let loaded: Promise<FixedContent> | undefined;

  async function loadOnce(): Promise<FixedContent> {
    try {
      return createFixedContent(await load(), options);
    } catch (error) {
      loaded = undefined;
      throw error;
    }
  }

  return async (req, res) => {
    loaded ??= loadOnce();
    await (await loaded)(req, res);
  };
}

/** A file of Swagger UI. The package holds many more than a page loads. */
export function swaggerFile(name: string): Promise<Buffer> {
  return readFile(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`));
}
