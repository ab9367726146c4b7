import SuperTokens from 'supertokens-web-js';
import EmailPassword from 'supertokens-web-js/recipe/emailpassword';
import Session from 'supertokens-web-js/recipe/session';

SuperTokens.init({
  appInfo: { appName: 'App', apiDomain: 'https://auth.example.com', apiBasePath: '/auth' },
  recipeList: [Session.init(), EmailPassword.init()],
});

const formFields = (email, password) => [
  { id: 'email', value: email },
  { id: 'password', value: password },
];

export async function signUp(email, password) {
  const { status } = await EmailPassword.signUp({ formFields: formFields(email, password) });
  if (status !== 'OK') throw new Error(status);
}

export async function signIn(email, password) {
  const { status } = await EmailPassword.signIn({ formFields: formFields(email, password) });
  if (status !== 'OK') throw new Error(status);
}

export const signOut = () => Session.signOut();

export async function callApi(path) {
  const token = await Session.getAccessToken();
  return fetch(`https://api.example.com${path}`, { headers: { Authorization: `Bearer ${token}` } });
}

/** Who is signed in, now and when the page is shown again: tabs tell one another nothing. */
export async function watch(show) {
  const look = async () => show((await Session.doesSessionExist()) ? await Session.getUserId() : undefined);
  document.addEventListener('visibilitychange', look);
  await look();
}
