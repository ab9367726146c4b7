import { ERRORS, type ErrorCode, FIELD_ERRORS } from '../../core/errors.ts';
import { ERROR_TOPICS } from './topics.ts';

/**
 * Starts Swagger UI; a file of its own, since the page's policy allows no inline script. Its tags come in the order of
 * the document, closed. A token that was entered is kept in the browser's storage for this origin until it is logged
 * out there.
 */
export const SWAGGER_START = `if (matchMedia('(prefers-color-scheme: dark)').matches) {
  document.documentElement.classList.add('dark-mode');
}
window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  validatorUrl: null,
});
`;

/** The style of the pages that are not Swagger UI. */
export const STYLE = `:root { color-scheme: light dark; }
body {
  max-width: 44rem;
  margin: 0 auto;
  padding: 1.5rem 1rem 4rem;
  font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: break-word;
  color: CanvasText;
  background: Canvas;
}
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { margin-top: 2.5rem; font-size: 1.25rem; }
h3 { margin: 1.5rem 0 0; font-size: 1rem; }
h3 + p, dd { margin: 0.2rem 0 0; }
dt { margin-top: 1rem; }
dd { padding-left: 0; }
code { font-family: ui-monospace, monospace; font-size: 0.95em; }
a { color: LinkText; }
h3 a, dt a { color: inherit; text-decoration: none; }
h3 a:hover, dt a:hover { text-decoration: underline; }
:target { background: Mark; color: MarkText; }
nav ul { padding-left: 1.2rem; }
.status { font-weight: normal; opacity: 0.75; }
`;

const STYLE_LINK = '<link rel="stylesheet" href="docs/pages.css">';

export const SWAGGER_PAGE = page(
  'Latchkey API',
  '<link rel="stylesheet" href="docs/swagger-ui.css">',
  `<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>`,
);

/** The page about error codes, which the member `type` of every problem document names. */
export const ERRORS_PAGE = page(
  'Latchkey errors',
  STYLE_LINK.replace('docs/', ''),
  `<main>
<h1>Latchkey errors</h1>
<p>Every refusal is a problem document (RFC 9457). Its member <code>code</code> is one of these, and its member
<code>type</code> leads to the paragraph here.</p>
<nav><ul>
${ERROR_TOPICS.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join('\n')}
<li><a href="#fields">Fields</a></li>
</ul></nav>
${ERROR_TOPICS.map(topicSection).join('\n')}
<section>
<h2 id="fields">Fields</h2>
<p>The members of <code>errors</code> have codes of their own, each with a JSON pointer to the field.</p>
<dl>
${Object.entries(FIELD_ERRORS).map(fieldErrorEntry).join('\n')}
</dl>
</section>
</main>`,
);

function topicSection({ id, title, codes }: (typeof ERROR_TOPICS)[number]): string {
  return `<section>\n<h2 id="${id}">${title}</h2>\n${codes.map(errorSection).join('\n')}\n</section>`;
}

function errorSection(code: ErrorCode): string {
  const { status, title, meaning } = ERRORS[code];
  return `<h3 id="${code}"><a href="#${code}"><code>${code}</code></a> <span class="status">${status}</span></h3>\n<p>${title}. ${meaning}</p>`;
}

function fieldErrorEntry([code, meaning]: [string, string]): string {
  return `<dt id="${code}"><a href="#${code}"><code>${code}</code></a></dt>\n<dd>${meaning}</dd>`;
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
${body}
</body>
</html>
`;
}
