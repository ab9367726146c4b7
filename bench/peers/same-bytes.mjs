// Bare Express that answers each of some requests with the bytes that it was given, one route each. Plain JavaScript like
// what it is compared with, so that no loader stands in its way.
import express from 'express';

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
for (const { method, path, status, headers, body } of JSON.parse(process.env.ANSWERS)) {
  app[method.toLowerCase()](path, (_req, res) => {
    res.status(status).set(headers);
    if (typeof body === 'string') res.send(body);
    else res.json(body);
  });
}

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
