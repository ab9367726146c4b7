import { CLIENT, callbackOf, googleEnv } from '../support/social-browser.ts';
import { describeFailures } from '../support/social-failures.ts';
import { type GoogleUser, startGoogle } from '../support/social-peers/google.ts';

const ADA: GoogleUser = { sub: '108', email: 'ada@example.com', name: 'Ada Lovelace' };

describeFailures({
  provider: 'google',
  start: (clock) => startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock }),
  env: googleEnv,
  signIn: (peer) => peer.signIn(ADA),
  discoveryPath: '/.well-known/openid-configuration',
  paths: ['/token', '/oauth2/v3/certs'],
});
