import type { Page, Pages } from '../core/pages.ts';
import { type SendPage, sendBytes } from './answer.ts';

export const HTML_MEDIA_TYPE = 'text/html';
const PAGE_MEDIA_TYPE = `${HTML_MEDIA_TYPE}; charset=utf-8`;

/** Sends pages in the languages that browsers ask for. */
export function createSendPage(render: Pages['render']): SendPage {
  return async (req, res, page) => {
    const { html, headers } = await render(page, req.get('Accept-Language') ?? null);
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    res.vary('Accept-Language');
    sendBytes(res, { mediaType: PAGE_MEDIA_TYPE, bytes: html, encoding: 'latin1' });
  };
}

/** An answer with a page; 400 where what was typed is refused, so that no browser keeps it. */
export function showPage<Status extends number = 200>(page: Page, status: Status = 200 as Status) {
  return { status, page };
}

/** An answer that leads the browser to another page, also after a form (RFC 9110 section 15.4.4). */
export function leadTo(url: string) {
  return { status: 303 as const, headers: { Location: url } };
}
