import { CLIENT, callbackOf, githubEnv } from '../support/social-browser.ts';
import { describeFailures } from '../support/social-failures.ts';
import { type GitHubUser, startGitHub } from '../support/social-peers/github.ts';

const ADA: GitHubUser = {
  id: 583_231,
  login: 'ada',
  name: 'Ada Lovelace',
  emails: [{ email: 'ada@example.com', primary: true, verified: true, visibility: null }],
};

describeFailures({
  provider: 'github',
  start: (clock) => startGitHub({ ...CLIENT, redirectUris: [callbackOf('github')], clock }),
  env: githubEnv,
  signIn: (peer) => peer.signIn(ADA),
  paths: ['/login/oauth/access_token', '/user', '/user/emails'],
  // Nobody has to have an address.
  except: ['/user/emails an empty list', '/user/emails 404'],
});
