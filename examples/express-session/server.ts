import express from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { LatchkeyStore } from './latchkey-store.ts';

const {
  COOKIE_SECRET,
  COOKIE_NAME = 'latchkey',
  REDIS_URL = 'redis://localhost:6379',
  PORT = '4000',
} = process.env;
if (COOKIE_SECRET === undefined) throw new Error('COOKIE_SECRET is not set: it is the one of Latchkey');

const redis = new Redis(REDIS_URL, { commandTimeout: 1000 });
const app = express();
app.use(
  session({
    name: COOKIE_NAME,
    secret: COOKIE_SECRET,
    store: new LatchkeyStore(redis),
    resave: false,
    saveUninitialized: false,
    // A session without an id is never saved and its cookie never set, so this service cannot replace that of Latchkey.
    genid: () => undefined as never,
  }),
);

app.get('/', (req, res) => {
  const { sub, roles = [] } = req.session;
  if (sub === undefined) res.status(401).json({ error: 'Sign in at Latchkey first.' });
  else res.json({ hello: sub, roles });
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`The service is at http://localhost:${port}`);
});
