import { serve } from './serve.ts';

/** An app whose users sign in by links and codes, as small as it can be. What it finds out stands in its status. */
export async function serveLinkApp() {
  let latchkey = '';
  const served = await serve((_req, res) => {
    const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };
    res.writeHead(200, headers).end(PAGE.replace('LATCHKEY_URL', latchkey));
  });
  return {
    ...served,
    callsLatchkeyAt(url: string) {
      latchkey = url;
    },
  };
}

const PAGE = `<!doctype html>
<html lang="en">
<title>The app</title>
<link rel="icon" href="data:,">
<h1>The app</h1>
<form id="ask"><label>Email <input name="email" type="email"></label> <button>Send me a link</button></form>
<form id="type"><label>Code <input name="code"></label> <button>Use the code</button></form>
<p role="status"></p>
<script type="module">
const LATCHKEY = 'LATCHKEY_URL';
const here = new URL(location.href);
const transport = here.searchParams.get('transport') ?? 'token';
const say = (text) => { document.querySelector('[role=status]').textContent = text; };

async function call(path, body) {
  const response = await fetch(LATCHKEY + path, {
    method: body ? 'POST' : 'GET',
    credentials: 'include',
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.code);
  return answer;
}

async function attempt(work) {
  try { say(await work()); } catch (error) { say('Refused: ' + error.message); }
}

const signedIn = ({ user, access_token: token }) => 'Signed in as ' + user.email + (token ? ' with a token' : ' with a cookie');

function onSubmit(id, work) {
  const form = document.getElementById(id);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(() => work(Object.fromEntries(new FormData(form))));
  });
}

onSubmit('ask', async ({ email }) => {
  const sent = await call('/login/link', { email, transport, return_to: here.origin + '/signed-in?transport=' + transport });
  localStorage.setItem('challenge', sent.challenge_id);
  return 'A link is on its way';
});
onSubmit('type', async ({ code }) =>
  signedIn(await call('/otp/verify', { challenge_id: localStorage.getItem('challenge'), code, transport })));

const code = here.searchParams.get('code');
if (code) attempt(async () => signedIn(await call('/login/exchange', { code, challenge_id: localStorage.getItem('challenge') })));
else if (here.pathname === '/signed-in') attempt(async () => signedIn(await call('/me')));
</script>
</html>
`;
