// Another service: one route that needs a good token, verified as the package's page says, with revocations followed.
import { createServer } from 'node:http';
import { bearer, createVerifier } from '@latchkey/verifier';

const { ISSUER, AUDIENCE, SECRET, FEED_URL, CLIENT_ID, CLIENT_SECRET, MAX_LAG_SECONDS, WHEN_STALE } =
  process.env;

const verifier = createVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  secret: SECRET,
  revocations: {
    url: FEED_URL,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    maxLagSeconds: Number(MAX_LAG_SECONDS),
    whenStale: WHEN_STALE,
  },
});
await verifier.ready();
const authorize = bearer(verifier);

const server = createServer((req, res) => authorize(req, res, () => res.end(req.auth.sub)));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
