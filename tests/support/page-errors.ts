import { loadConfig } from '../../src/config/config.ts';
import { AppError, ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { pageErrors } from '../../src/http/page-errors.ts';
import { createPages } from '../../src/pages/pages.ts';
import { createLogger } from '../../src/runtime/logger.ts';

const WORDS = ['sign_in_link', 'verify_link', 'undo_link', 'lockdown_link', 'reset_link'].map((name) => [
  name,
  'link',
]);

/** What each page would say to each error that there is, by a name. Where one quotes the detail, it says to whom. */
export async function pagesOfErrors(): Promise<readonly (readonly [name: string, text: string])[]> {
  const { pages, http } = loadConfig({ NODE_ENV: 'test' });
  const { render } = createPages({ pages, publicUrl: http.publicUrl, logger: createLogger('silent') });
  const found: (readonly [string, string])[] = [];
  for (const names of [...WORDS, ['social']]) {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const error = new AppError(code, 'What is wrong stands here.');
      const { page } = pageErrors(...names).present(error, { publicUrl: '', id: '' });
      if (page === undefined) throw new Error(`there is no page for ${code}`);
      const { html } = await render(page, null);
      const [, main = ''] = /<main>(.*)<\/main>/s.exec(Buffer.from(html, 'latin1').toString()) ?? [];
      found.push([`${names[0]} ${code}`, main.replace(/<[^>]+>/g, ' ')]);
    }
  }
  return found;
}
