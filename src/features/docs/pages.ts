import { ERRORS, FIELD_ERRORS } from '../../core/errors.ts';

/** Starts Swagger UI; a file of its own, since the page's policy allows no inline script. */
export const SWAGGER_START = `window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

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
  '',
  `<h1>Latchkey errors</h1>
<p>Every refusal is a problem document (RFC 9457). Its member <code>code</code> is one of these.</p>
${Object.entries(ERRORS).map(errorSection).join('\n')}
<h1>Fields</h1>
<p>The members of <code>errors</code> have codes of their own, each with a JSON pointer to the field.</p>
<dl>
${Object.entries(FIELD_ERRORS).map(fieldErrorEntry).join('\n')}
</dl>`,
);

function errorSection([code, { title, meaning }]: [string, { title: string; meaning: string }]): string {
  const status = ERRORS[code as keyof typeof ERRORS].status;
  return `<h2 id="${code}"><code>${code}</code> (${status})</h2>\n<p>${title}. ${meaning}</p>`;
}

function fieldErrorEntry([code, meaning]: [string, string]): string {
  return `<dt id="${code}"><code>${code}</code></dt>\n<dd>${meaning}</dd>`;
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
