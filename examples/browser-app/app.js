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

/** Of a sign-up where the address has to be verified first there is only the challenge. */
async function enter(path, { email, password }) {
  const answer = await call('POST', path, { email, password, transport: 'cookie' });
  if (answer.user) return entered(answer);
  challengeId = answer.challenge_id;
  show('verify', `A code is on its way to ${email}.`);
}

function entered({ csrf_token, user }) {
  csrfToken = csrf_token;
  showSignedIn(user);
  tabs.postMessage('signed in');
}

/** What was sent last, to go with its code. */
let challengeId;

/** Mails a link. In this browser it leads back here, signed in; in another one it shows a code to type in here. */
async function sendLink({ email }) {
  const link = { email, return_to: `${location.origin}/`, transport: 'cookie' };
  ({ challenge_id: challengeId } = await call('POST', '/login/link', link));
  show('link-sent', `A link is on its way to ${email}.`);
}

async function enterCode({ code }) {
  const body = { challenge_id: challengeId, code, transport: 'cookie' };
  entered(await call('POST', '/otp/verify', body));
}

/** It signs nobody in: after it the password does. */
async function verify({ code }) {
  await call('POST', '/email/verify', { challenge_id: challengeId, code });
  showSignedOut('Your address is confirmed. Sign in.');
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
  for (const id of ['signed-out', 'link-sent', 'verify']) find(id).reset();
  show('signed-out', message);
}

function show(form, message) {
  for (const id of ['signed-in', 'signed-out', 'link-sent', 'verify']) find(id).hidden = id !== form;
  find('message').textContent = message;
}

/** Does what was asked for, and says so where that fails. */
async function attempt(action) {
  try {
    await action();
  } catch (problem) {
    if (problem.code === 'token_missing') showSignedOut();
    else if (problem.code === 'session_ended') showSignedOut('Your session has ended.');
    else find('message').textContent = wordsFor(problem);
  }
}

/** For people: `detail` is for whoever writes the page, but for those of single fields. */
const WORDS = {
  invalid_code: 'This is not the code of the latest message. Look again.',
  code_expired: 'This code has expired. Go back and ask for another.',
  code_replaced: 'A newer message was sent. Use the code in that one.',
  code_used: 'This code has been used. Go back and ask for another.',
  too_many_tries: 'That was wrong too often. Go back and ask for another code.',
  invalid_credentials: 'Email or password is not correct.',
  email_taken: 'This address has an account already. Sign in.',
  email_not_verified: 'Confirm your address first: open the link in your mail.',
  rate_limited: 'Too many attempts. Wait a little.',
};

function wordsFor({ code, errors, detail, title }) {
  if (errors) return errors.map((error) => error.detail).join(' ');
  return WORDS[code] ?? detail ?? title ?? 'Latchkey did not answer this page.';
}

find('signed-out').addEventListener('submit', (event) => {
  event.preventDefault();
  const { target, submitter } = event;
  const fields = Object.fromEntries(new FormData(target));
  attempt(() => (submitter.value === '/login/link' ? sendLink(fields) : enter(submitter.value, fields)));
});
for (const [id, action] of Object.entries({ 'link-sent': enterCode, verify, 'signed-in': save })) {
  find(id).addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(() => action(Object.fromEntries(new FormData(event.target))));
  });
}
for (const button of document.querySelectorAll('.back'))
  button.addEventListener('click', () => showSignedOut());
find('sign-out').addEventListener('click', () => attempt(signOut));
tabs.addEventListener('message', ({ data }) => {
  if (data === 'signed in') attempt(start);
  else showSignedOut('You have signed out in another tab.');
});
attempt(async () => {
  await start();
  // A link may have led here, while the tab that asked for it waits.
  tabs.postMessage('signed in');
});
