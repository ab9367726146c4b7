import { createHash } from 'node:crypto';
import { ERRORS } from '../core/errors.ts';
import type { ErrorFormat } from './error-format.ts';
import { problemHeaders, toAppError } from './problem.ts';

/** A small page for a person, which works without JavaScript. Texts are escaped here. */
export interface Page {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** Shown large, to be typed elsewhere. */
  readonly code?: string;
  /** Sent to the address of the page. */
  readonly form?: {
    readonly button: string;
    readonly fields?: readonly PageField[];
    /** The origins that its answer may lead to. */
    readonly leadsTo?: readonly string[];
  };
}

interface PageField {
  readonly name: string;
  readonly label: string;
  readonly type: 'password';
  readonly autocomplete: 'new-password';
}

const MEDIA_TYPE = 'text/html; charset=utf-8';

const STYLE = `:root { color-scheme: light dark; }
body { margin: 0; font: 1.0625rem/1.5 system-ui, sans-serif; color: CanvasText; background: Canvas; }
main { max-width: 26rem; margin: 0 auto; padding: 3rem 1.25rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
label { display: block; margin: 0 0 1rem; }
input { display: block; box-sizing: border-box; width: 100%; margin-top: 0.25rem; padding: 0.75rem; font: inherit; }
button { width: 100%; padding: 0.875rem 1rem; border: 0; border-radius: 0.5rem; font: inherit; font-weight: 600;
  color: #fff; background: #1d4ed8; cursor: pointer; }
button:focus-visible, input:focus-visible { outline: 3px solid #60a5fa; outline-offset: 2px; }
h2 { margin: 2rem 0 0; font-size: 1.125rem; }
pre { padding: 1rem; white-space: pre-wrap; font: inherit; border: 1px solid GrayText; border-radius: 0.5rem; }
.code { margin: 1.5rem 0; font: 600 2.25rem/1.2 ui-monospace, monospace; letter-spacing: 0.2em; text-align: center; }
`;

const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** An answer with a page. */
export function showPage(page: Page) {
  return {
    status: 200 as const,
    headers: headersOf(page),
    content: { mediaType: MEDIA_TYPE, bytes: render(page) },
  };
}

/** An entry of a page that lists things. */
export interface PageItem {
  readonly title: string;
  readonly note: string;
  readonly text: string;
  readonly link?: string | undefined;
}

/** An answer with a list. */
export function listPage(title: string, items: readonly PageItem[]) {
  const list = items.map(
    ({ title, note, text, link }) => `<article>
<h2>${escapeHtml(title)}</h2>
<p>${escapeHtml(note)}</p>
<pre>${escapeHtml(text)}</pre>
${link === undefined ? '' : `<p><a href="${escapeHtml(link)}">Open the link</a></p>`}
</article>`,
  );
  const body = items.length === 0 ? '<p>There is none yet.</p>' : list.join('\n');
  return {
    status: 200 as const,
    headers: headersOf({ title, paragraphs: [] }),
    content: { mediaType: MEDIA_TYPE, bytes: renderDocument(title, body) },
  };
}

/** An answer that leads the browser to another page, also after a form (RFC 9110 section 15.4.4). */
export function leadTo(url: string) {
  return { status: 303 as const, headers: { Location: url } };
}

/** Refusals as pages, of routes that a person opens. */
export const PAGE_ERRORS: ErrorFormat = {
  present(thrown, _request) {
    const error = toAppError(thrown);
    const { status, title, meaning } = ERRORS[error.code];
    const page: Page = {
      title,
      paragraphs: [error.detail === meaning ? meaning : `${error.detail} ${meaning}`],
    };
    return {
      status,
      headers: { ...problemHeaders(error), ...headersOf(page) },
      mediaType: MEDIA_TYPE,
      body: render(page),
      code: error.code,
      quota: error.quota,
      error,
    };
  },
};

/** Nothing is loaded, and the form goes here; a browser follows its answer only to what stands in form-action. */
function headersOf({ form }: Page): Record<string, string> {
  const targets = form === undefined ? "'none'" : ["'self'", ...(form.leadsTo ?? [])].join(' ');
  return {
    'Content-Security-Policy': `default-src 'none';style-src ${STYLE_HASH};form-action ${targets};base-uri 'none';frame-ancestors 'none'`,
  };
}

function render({ title, paragraphs, code, form }: Page): string {
  const parts = [
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...(code === undefined ? [] : [`<p class="code">${escapeHtml(code)}</p>`]),
    ...(form === undefined ? [] : [renderForm(form)]),
  ];
  return renderDocument(title, parts.join('\n'));
}

function renderDocument(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

function renderForm({ button, fields = [] }: NonNullable<Page['form']>): string {
  const inputs = fields.map(
    ({ name, label, type, autocomplete }) =>
      `<label>${escapeHtml(label)}<input name="${name}" type="${type}" autocomplete="${autocomplete}" required></label>`,
  );
  return `<form method="post">
${inputs.join('\n')}
<button>${escapeHtml(button)}</button>
</form>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
