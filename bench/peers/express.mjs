// GET /verify in Express without the service: `bare` answers the given bytes to any caller, `usual` checks the token the
// way most tutorials do. Plain JavaScript like what it is compared with, so that no loader stands in its way.
import express from 'express';
import jwt from 'jsonwebtoken';

const { ROUTE, HEADERS, CLAIMS } = process.env;
const headers = JSON.parse(HEADERS);
const claims = JSON.parse(CLAIMS);

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.get(
  '/verify',
  {
    bare: (_req, res) => {
      res.set(headers).json(claims);
    },
    usual: (req, res) => {
      const token = req.headers.authorization.split(' ')[1];
      res.set(headers).json(jwt.verify(token, process.env.SECRET));
    },
  }[ROUTE],
);

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
