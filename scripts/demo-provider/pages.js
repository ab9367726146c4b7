import { createHash } from 'node:crypto';

/** @import { Interaction } from './interactions.js' */

/**
 * @typedef {object} Account
 * @property {string} typedEmail
 * @property {string | undefined} email what the client gets
 * @property {boolean} verified
 * @property {string | undefined} name
 */

/** The look of Latchkey's pages. Both schemes keep a contrast of 4.5 for text and of 3 for what can be used. */
const STYLE = `:root { color-scheme: light dark; --ink: #1a1d23; --paper: #fff; --soft: #555c69; --line: #767d8a; --rule: #d9dde4; --panel: #f2f4f8;
  --accent: #1d4ed8; --on-accent: #fff; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ebef; --paper: #14161a; --soft: #b3b9c5; --line: #8a919e;
  --rule: #363b45; --panel: #20242c; --accent: #8fb3ff; --on-accent: #0b1530; --wrong: #ff9d94; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; font: 1.0625rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 28rem; margin: 0 auto; padding: clamp(1.5rem, 10vh, 5rem) min(1.25rem, 6vw) 2rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.625rem; line-height: 1.25; text-wrap: balance; }
p, ul, form, fieldset { margin: 0 0 1rem; }
ul { padding-inline-start: 1.25rem; }
form { margin-top: 1.5rem; }
p { text-wrap: pretty; }
label, legend { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input:not([type=checkbox]) { width: 100%; margin-bottom: 1.25rem; padding: 0.75rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 0.5rem; }
input[aria-invalid] { border: 2px solid var(--wrong); }
fieldset { margin-bottom: 1.5rem; padding: 0; border: 0; }
legend { padding: 0; }
.choice { display: flex; margin: 0; gap: 0.75rem; align-items: start; padding: 0.375rem 0; font-weight: 400; cursor: pointer; }
.choice input { flex: none; width: 1.375rem; height: 1.375rem; margin: 0.125rem 0 0; accent-color: var(--accent); }
button { width: 100%; min-height: 3rem; padding: 0.625rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid transparent; border-radius: 0.5rem; }
button + button { margin-top: 0.75rem; }
button.other { color: var(--accent); background: none; border-color: var(--line); }
button:hover { text-decoration: underline; }
/* The second click of a double one would ask for what the first has used up. */
button:focus:not(:focus-visible, :active) { pointer-events: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
a { color: var(--accent); text-underline-offset: 0.2em; }
.demo { padding: 0.75rem 1rem; background: var(--panel); border-radius: 0.5rem; }
.hint { margin: 0.25rem 0 0.5rem; color: var(--soft); font-size: 0.9375rem; }
.problem { margin: 0.25rem 0 0.5rem; color: var(--wrong); font-weight: 600; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/**
 * Nothing is loaded, and forms go here. Some browsers hold form-action against each redirect that follows a form, so
 * it is a page that leads back to the client, from where the browser may be led on to anywhere.
 */
export const PAGE_HEADERS = {
  'Content-Security-Policy': `default-src 'none';style-src 'sha256-${STYLE_HASH}';form-action 'self';base-uri 'none';frame-ancestors 'none'`,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const DEMO = '<strong>This is a demo.</strong> It runs on this computer and no password is needed.';

/**
 * @param {Interaction} interaction
 * @param {{ form: URLSearchParams, problem: string }} [refused]
 */
export function signInPage({ clientName, loginHint = '' }, refused) {
  const email = refused?.form.get('email') ?? loginHint;
  const isChecked = (/** @type {string} */ name, /** @type {boolean} */ byDefault) =>
    (refused === undefined ? byDefault : refused.form.has(name)) ? ' checked' : '';
  const problem =
    refused === undefined ? '' : `<p class="problem" id="problem">${escapeHtml(refused.problem)}</p>\n`;
  const state =
    refused === undefined
      ? ' aria-describedby="hint"'
      : ' aria-describedby="problem hint" aria-invalid="true" autofocus';
  return document(
    'Sign in to the demo provider',
    `<p class="demo">${DEMO}</p>
<form method="post">
<label for="email">Email address</label>
<p class="hint" id="hint">Any address will do. The same address is always the same account.</p>
${problem}<input id="email" name="email" type="email" autocomplete="email" maxlength="254" required value="${escapeHtml(email)}"${state}>
<label for="name">Name (optional)</label>
<input id="name" name="name" autocomplete="name" maxlength="200" value="${escapeHtml(refused?.form.get('name') ?? '')}">
<fieldset>
<legend>What ${escapeHtml(clientName)} gets to know</legend>
<label class="choice"><input type="checkbox" name="verified"${isChecked('verified', true)}> The provider has verified this address</label>
<label class="choice"><input type="checkbox" name="share_no_email"${isChecked('share_no_email', false)}> Share no email address</label>
</fieldset>
<button>Sign in</button>
</form>`,
    refused === undefined ? '' : 'Error: ',
  );
}

/**
 * @param {Interaction} interaction
 * @param {Account} account
 */
export function consentPage({ clientName, scopes }, account) {
  const shared = ['an id that stays the same for this account'];
  if (scopes.includes('email')) shared.push(describeEmail(account));
  if (scopes.includes('profile') && account.name !== undefined) shared.push(`the name ${account.name}`);
  const client = escapeHtml(clientName);
  return document(
    `Continue to ${client}?`,
    `<p class="demo">${DEMO}</p>
<p>You are signed in to the demo provider as <strong>${escapeHtml(account.typedEmail)}</strong>. ${client} will get:</p>
<ul>
${shared.map((text) => `<li>${escapeHtml(text)}</li>`).join('\n')}
</ul>
<form method="post">
<button name="decision" value="continue">Continue</button>
<button name="decision" value="cancel" class="other">Cancel</button>
</form>`,
  );
}

/** @param {Account} account */
function describeEmail({ email, verified }) {
  if (email === undefined) return 'no email address';
  return `the address ${email}, which the provider ${verified ? 'has' : 'has not'} verified`;
}

/**
 * Leads the browser to the client without a redirect.
 * @param {string} url
 */
export function goBackPage(url) {
  const address = escapeHtml(url);
  return document(
    'Going back',
    `<p><a href="${address}">Go on</a> if this page stays.</p>`,
    '',
    `<meta http-equiv="refresh" content="0;url=${address}">\n`,
  );
}

/**
 * @param {string} title
 * @param {string} text
 */
export function messagePage(title, text) {
  return document(escapeHtml(title), `<p>${escapeHtml(text)}</p>\n<p class="demo">${DEMO}</p>`);
}

/**
 * @param {string} title
 * @param {string} body
 */
function document(title, body, prefix = '', head = '') {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${head}<title>${prefix}${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
}

/** @type {Readonly<Record<string, string>>} */
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
