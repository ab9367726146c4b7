import { createHash } from 'node:crypto';

/** A small page for a person, which works without JavaScript. Texts are escaped here. */
export interface Page {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** Shown large, to be typed elsewhere. */
  readonly code?: string;
  /** Sent to the address of the page. */
  readonly form?: PageForm;
  /** What to know besides, below all else. */
  readonly notes?: readonly string[];
  /** Leads to the same address once more. */
  readonly again?: string;
}

interface PageForm {
  readonly button: string;
  readonly password?: PasswordField;
  /** The origins that its answer may lead to. */
  readonly leadsTo?: readonly string[];
}

interface PasswordField {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly minLength: number;
  /** What was wrong with the one before. */
  readonly problem?: string | undefined;
  /** Under which a browser keeps it. */
  readonly username?: string | undefined;
}

/** An entry of a page that lists things. */
export interface PageItem {
  readonly title: string;
  readonly to: string;
  readonly at: Date;
  readonly text: string;
  readonly code?: string | undefined;
  readonly link?: string | undefined;
}

export const HTML_MEDIA_TYPE = 'text/html';
export const PAGE_MEDIA_TYPE = `${HTML_MEDIA_TYPE}; charset=utf-8`;

/** Both schemes keep a contrast of 4.5 for text and of 3 for what can be used (WCAG 2.2, 1.4.3 and 1.4.11). */
const STYLE = `:root { color-scheme: light dark; --ink: #1a1d23; --paper: #fff; --soft: #555c69; --line: #767d8a; --rule: #d9dde4; --panel: #f2f4f8;
  --accent: #1d4ed8; --on-accent: #fff; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ebef; --paper: #14161a; --soft: #b3b9c5; --line: #8a919e;
  --rule: #363b45; --panel: #20242c; --accent: #8fb3ff; --on-accent: #0b1530; --wrong: #ff9d94; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; font: 1.0625rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 28rem; margin: 0 auto; padding: clamp(1.5rem, 10vh, 5rem) min(1.25rem, 6vw) 2rem; overflow-wrap: anywhere; }
.list { max-width: 44rem; }
h1 { margin: 0 0 1rem; font-size: 1.625rem; line-height: 1.25; text-wrap: balance; }
h2 { margin: 0; font-size: 1.125rem; line-height: 1.35; }
p, form, pre { margin: 0 0 1rem; }
form { margin-top: 1.5rem; }
form p:has(input) { margin-bottom: 1.25rem; }
p { text-wrap: pretty; }
label { display: block; font-weight: 600; }
input { width: 100%; padding: 0.75rem; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 0.5rem; }
input[aria-invalid] { border: 2px solid var(--wrong); }
button { width: 100%; min-height: 3rem; padding: 0.625rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid transparent; border-radius: 0.5rem; }
button:hover { text-decoration: underline; }
/* The second click of a double one would ask for what the first has used up. */
button:focus:not(:focus-visible, :active) { pointer-events: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
a { color: var(--accent); text-underline-offset: 0.2em; }
.hint, .notes, .about { color: var(--soft); font-size: 0.9375rem; }
.hint, .problem { margin: 0.25rem 0 0.5rem; }
.problem { color: var(--wrong); font-weight: 600; }
.notes { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
.code { margin: 1.5rem 0; padding: 0.75rem; font: 600 clamp(1.75rem, 11vw, 2.5rem)/1.2 ui-monospace, monospace; text-align: center;
  letter-spacing: 0.1em; text-indent: 0.1em; white-space: nowrap; background: var(--panel); border-radius: 0.5rem; }
.digits { -webkit-user-select: all; user-select: all; }
.digits span + span { margin-left: 0.4em; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  -webkit-user-select: none; user-select: none; }
article { margin: 1.5rem 0; padding: min(1.25rem, 5vw); border: 1px solid var(--rule); border-radius: 0.75rem; }
article .code { margin: 1rem 0; padding: 0.25rem 0.75rem; font-size: clamp(1.25rem, 8vw, 1.75rem); text-align: start; }
article > :last-child { margin-bottom: 0; }
pre { white-space: pre-wrap; font: inherit; font-size: 0.9375rem; }
`;

const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** An answer with a page; 400 where what was typed is refused, so that no browser keeps it. */
export function showPage<Status extends number = 200>(
  page: Page,
  status: Status = 200 as Status,
): PageAnswer<Status> {
  return answerOf(status, page, renderPage(page));
}

interface PageAnswer<Status extends number> {
  readonly status: Status;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: { readonly mediaType: string; readonly bytes: string };
}

/** An answer with a list. */
export function listPage(page: Page, items: readonly PageItem[]): PageAnswer<200> {
  const bytes = renderDocument(page.title, [...renderParts(page), ...items.map(renderItem)], 'list');
  return answerOf(200, page, bytes);
}

function answerOf<Status extends number>(status: Status, page: Page, bytes: string): PageAnswer<Status> {
  return { status, headers: pageHeaders(page), content: { mediaType: PAGE_MEDIA_TYPE, bytes } };
}

/** An answer that leads the browser to another page, also after a form (RFC 9110 section 15.4.4). */
export function leadTo(url: string) {
  return { status: 303 as const, headers: { Location: url } };
}

/** Nothing is loaded, and the form goes here; a browser follows its answer only to what stands in form-action. */
export function pageHeaders({ form }: Page): Record<string, string> {
  const targets = form === undefined ? "'none'" : ["'self'", ...(form.leadsTo ?? [])].join(' ');
  return {
    'Content-Security-Policy': `default-src 'none';style-src ${STYLE_HASH};form-action ${targets};base-uri 'none';frame-ancestors 'none'`,
  };
}

export function renderPage(page: Page): string {
  // Read out before all else, so that a refused form is not taken for the first one.
  const prefix = page.form?.password?.problem === undefined ? '' : 'Error: ';
  return renderDocument(page.title, renderParts(page), undefined, prefix);
}

function renderParts({ paragraphs, code, form, notes = [], again }: Page): string[] {
  return [
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...(code === undefined ? [] : [renderCode(code)]),
    ...(form === undefined ? [] : [renderForm(form)]),
    ...(again === undefined ? [] : [`<p><a href="">${escapeHtml(again)}</a></p>`]),
    ...(notes.length === 0
      ? []
      : [`<div class="notes">${notes.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}</div>`]),
  ];
}

function renderDocument(title: string, parts: readonly string[], kind?: 'list', prefix = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${prefix}${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main${kind === undefined ? '' : ` class="${kind}"`}>
<h1>${escapeHtml(title)}</h1>
${parts.join('\n')}
</main>
</body>
</html>
`;
}

/** In two groups for the eye, digit by digit for a screen reader, and in one piece for the clipboard. */
function renderCode(code: string): string {
  const groups = [code.slice(0, code.length / 2), code.slice(code.length / 2)];
  const shown = groups.map((digits) => `<span>${escapeHtml(digits)}</span>`).join('');
  const spoken = escapeHtml([...code].join(' '));
  return `<p class="code"><span class="digits" aria-hidden="true">${shown}</span><span class="spoken">${spoken}</span></p>`;
}

function renderForm({ button, password }: PageForm): string {
  return `<form method="post">
${password === undefined ? '' : renderPassword(password)}<button>${escapeHtml(button)}</button>
</form>`;
}

function renderPassword({ name, label, hint, minLength, problem, username }: PasswordField): string {
  const error = problem === undefined ? '' : `<p class="problem" id="problem">${escapeHtml(problem)}</p>\n`;
  const state = problem === undefined ? '' : ' aria-invalid="true" autofocus';
  const describedBy = problem === undefined ? 'hint' : 'problem hint';
  const owner =
    username === undefined
      ? ''
      : `<input type="text" name="username" autocomplete="username" value="${escapeHtml(username)}" readonly hidden>\n`;
  return `${owner}<label for="password">${escapeHtml(label)}</label>
<p class="hint" id="hint">${escapeHtml(hint)}</p>
${error}<p><input id="password" name="${name}" type="password" autocomplete="new-password" minlength="${minLength}" required aria-describedby="${describedBy}"${state}></p>
`;
}

function renderItem({ title, to, at, text, code, link }: PageItem): string {
  const time = at.toISOString();
  const shown = `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
  return `<article>
<h2>${escapeHtml(title)}</h2>
<p class="about">${escapeHtml(to)} · <time datetime="${time}">${shown}</time></p>
${code === undefined ? '' : `${renderCode(code)}\n`}<pre>${escapeHtml(text)}</pre>
${link === undefined ? '' : `<p><a href="${escapeHtml(link)}">Open the link</a></p>`}
</article>`;
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
