/* What pages do beyond what they do without a script: forms are sent without a reload, and passkeys. */

addEventListener('submit', (event) => {
  const { target: form, submitter } = event;
  if (!('enhance' in form.dataset)) return;
  event.preventDefault();
  if (!form.hasAttribute('aria-busy')) send(form, submitter);
});

/** Sends a form as the browser would, and puts the page of the answer in place of this one. */
async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form));
  if (submitter?.name) body.set(submitter.name, submitter.value);
  body.set('by', 'script');
  form.setAttribute('aria-busy', 'true');
  const { next, page } = await answerTo(form, body).catch(() => ({}));
  if (next) leave(form, next);
  else if (page?.querySelector('main')) replace(page);
  else sayNoAnswer(form);
}

function leave(form, url) {
  location.assign(url);
  if (/^(?:https?:|\/)/.test(url)) return;
  // An app with a scheme of its own opens beside this page, which stays.
  form.reset();
  form.removeAttribute('aria-busy');
}

async function answerTo(form, body) {
  const response = await fetch(form.getAttribute('action') ?? '', { method: 'POST', body });
  const next = response.headers.get('Location');
  return { next, page: next ? null : new DOMParser().parseFromString(await response.text(), 'text/html') };
}

function replace(page) {
  document.title = page.title;
  const main = document.adoptNode(page.querySelector('main'));
  document.querySelector('main').replaceWith(main);
  prepare(main);
  const heading = main.querySelector('h1');
  heading.tabIndex = -1;
  (main.querySelector('[autofocus]') ?? heading).focus();
}

/**
 * Nothing came, or nothing of this service, such as the 502 of a proxy. What was sent may have been done, so only a person sends
 * it again, and then the ordinary way: so the browser shows what comes.
 */
function sayNoAnswer(form) {
  form.removeAttribute('aria-busy');
  delete form.dataset.enhance;
  const alert = Object.assign(document.createElement('div'), {
    className: 'alert',
    role: 'alert',
    tabIndex: -1,
    textContent: document.body.dataset.noAnswer,
  });
  for (const earlier of document.querySelectorAll('main > .alert, main > .notice')) earlier.remove();
  document.querySelector('h1').after(alert);
  alert.focus();
}

function prepare(root) {
  for (const input of root.querySelectorAll('input[type=password]')) addToggle(input);
  for (const form of root.querySelectorAll('form[data-passkey]')) preparePasskey(form);
  for (const time of root.querySelectorAll('time')) localize(time);
  for (const button of root.querySelectorAll('[data-copy], [data-print]')) prepareButton(button);
  for (const { dataset } of root.querySelectorAll('[data-signals]')) signal(JSON.parse(dataset.signals));
}

/** The service does not know the time zone of its reader. */
function localize(time) {
  const at = { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' };
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, at).format(
    new Date(time.dateTime),
  );
}

/** A button that copies a secret, or prints the page. */
function prepareButton(button) {
  const { copy, done } = button.dataset;
  button.hidden = copy !== undefined && !navigator.clipboard;
  button.addEventListener('click', async () => {
    if (copy === undefined) return print();
    await navigator.clipboard.writeText(copy);
    button.textContent = done;
  });
}

/** Tells authenticators which passkeys there are, so that they offer no others and no old name. */
function signal({ all_accepted_credentials: accepted, current_user_details: user }) {
  window.PublicKeyCredential?.signalAllAcceptedCredentials?.(accepted).catch(() => {});
  window.PublicKeyCredential?.signalCurrentUserDetails?.(user).catch(() => {});
}

/** Lets people see the password that they type. */
function addToggle(input) {
  const { show, hide } = document.body.dataset;
  const button = Object.assign(document.createElement('button'), {
    type: 'button',
    className: 'toggle',
    textContent: show,
  });
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', () => {
    const isShown = input.type === 'password';
    input.type = isShown ? 'text' : 'password';
    button.textContent = isShown ? hide : show;
    button.setAttribute('aria-pressed', String(isShown));
  });
  input.before(button);
}

/** One request of a browser to its authenticators at a time. */
let asking = new AbortController();

/** A form whose button asks for a passkey, which goes into its field `credential`. It is hidden where there are none. */
function preparePasskey(form) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    form.dataset.missing = '';
    return;
  }
  form.hidden = false;
  form.querySelector('button').addEventListener('click', (event) => {
    event.preventDefault();
    askForPasskey(form, {});
  });
  if ('autofill' in form.dataset) offerPasskeys(form);
}

/** Offers passkeys in the list of what to fill in, once the page is painted: asking for them takes time that it needs. */
async function offerPasskeys(form) {
  // The second frame comes once the first is drawn.
  await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  if (await PublicKeyCredential.isConditionalMediationAvailable?.())
    askForPasskey(form, { mediation: 'conditional' });
}

async function askForPasskey(form, how) {
  const { passkey, options, body = '{}' } = form.dataset;
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const response = await fetch(options, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': form.elements.csrf_token.value },
      body,
      signal,
    });
    // The sign-in is too long ago, or has ended: the service says where to go.
    if (response.status === 401) return await send(form, form.querySelector('button'));
    const { public_key: json, challenge_token: token } = await response.json();
    const credential =
      passkey === 'create'
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json),
            signal,
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json),
            signal,
            ...how,
          });
    form.elements.credential.value = JSON.stringify(credential);
    if (token) form.elements.challenge_token.value = token;
    await send(form, form.querySelector('button'));
  } catch {
    if (signal.aborted || how.mediation) return;
    const alert = form.querySelector('[role=alert]');
    alert.hidden = false;
    alert.textContent = alert.dataset.text;
  }
}

/* A page that comes back from the memory of the browser may show an account that is signed out by now. */
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

prepare(document);
