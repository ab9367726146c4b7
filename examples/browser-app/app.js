const LATCHKEY = 'http://localhost:3000';

/** What every change needs besides the cookie. It is kept nowhere: after a reload GET /csrf gives it again. */
let csrfToken;
/** The other tabs with this page. */
const tabs = new BroadcastChannel('session');

/** Asks Latchkey, with the cookie. Throws the problem document where it refuses. */
async function call(method, path, body) {
  const response = await fetch(LATCHKEY + path, {
    method,
    credentials: 'include',
    headers: {
      ...(csrfToken && { 'X-CSRF-Token': csrfToken }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw answer;
  return answer;
}

/**
 * A change. Where another tab has signed in since, this page has the CSRF token of the session before. It shows whose
 * session it is now and does not repeat the change, which was meant for another account.
 */
async function change(method, path, body) {
  try {
    return await call(method, path, body);
  } catch (problem) {
    if (problem.code !== 'csrf_token_invalid') throw problem;
    await start();
    throw { detail: 'Another tab has signed in. See whose account this is, and try again.' };
  }
}

/** At the start, and when another tab has signed in: whose session it is, if there is one. */
async function start() {
  ({ csrf_token: csrfToken } = await call('GET', '/csrf'));
  showSignedIn((await call('GET', '/me')).user);
}

async function enter(path, { email, password }) {
  const answer = await call('POST', path, { email, password, transport: 'cookie' });
  csrfToken = answer.csrf_token;
  showSignedIn(answer.user);
  tabs.postMessage('signed in');
}

/** What was sent last, to go with the code that its page may show. */
let challengeId;

/** Mails a link. In this browser it leads back here, signed in; in another one it shows a code to type in here. */
async function sendLink({ email }) {
  const link = { email, return_to: `${location.origin}/`, transport: 'cookie' };
  ({ challenge_id: challengeId } = await call('POST', '/login/link', link));
  show('link-sent', `A link is on its way to ${email}.`);
}

async function enterCode({ code }) {
  const body = { challenge_id: challengeId, code, transport: 'cookie' };
  const answer = await call('POST', '/otp/verify', body);
  csrfToken = answer.csrf_token;
  showSignedIn(answer.user);
  tabs.postMessage('signed in');
}

async function save({ name }) {
  const { user } = await change('PATCH', '/me', { name: name || null });
  showSignedIn(user, 'Saved.');
}

async function signOut() {
  await change('POST', '/logout');
  showSignedOut('You have signed out.');
  tabs.postMessage('signed out');
}

const find = (id) => document.getElementById(id);

function showSignedIn(user, message = '') {
  find('greeting').textContent = user.name ?? user.email;
  find('signed-in').elements.name.value = user.name ?? '';
  show('signed-in', message);
}

function showSignedOut(message = '') {
  csrfToken = undefined;
  find('signed-out').reset();
  show('signed-out', message);
}

function show(form, message) {
  for (const id of ['signed-in', 'signed-out', 'link-sent']) find(id).hidden = id !== form;
  find('message').textContent = message;
}

/** Does what was asked for, and says so where that fails. */
async function attempt(action) {
  try {
    await action();
  } catch (problem) {
    if (problem.code === 'token_missing') showSignedOut();
    else if (problem.code === 'session_ended') showSignedOut('Your session has ended.');
    else
      find('message').textContent = problem.detail ?? problem.title ?? 'Latchkey did not answer this page.';
  }
}

find('signed-out').addEventListener('submit', (event) => {
  event.preventDefault();
  const { target, submitter } = event;
  const fields = Object.fromEntries(new FormData(target));
  attempt(() => (submitter.value === '/login/link' ? sendLink(fields) : enter(submitter.value, fields)));
});
find('link-sent').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(() => enterCode(Object.fromEntries(new FormData(event.target))));
});
find('back').addEventListener('click', () => showSignedOut());
find('signed-in').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(() => save(Object.fromEntries(new FormData(event.target))));
});
find('sign-out').addEventListener('click', () => attempt(signOut));
tabs.addEventListener('message', ({ data }) => {
  if (data === 'signed in') attempt(start);
  else showSignedOut('You have signed out in another tab.');
});
attempt(start);
