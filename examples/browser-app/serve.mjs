// Serves the files beside it at http://localhost:5173.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
};

const server = createServer(async ({ url }, res) => {
  const name = url === '/' ? 'index.html' : url.slice(1);
  if (!Object.hasOwn(TYPES, name)) return res.writeHead(404).end();
  const file = await readFile(new URL(name, import.meta.url));
  res.writeHead(200, { 'Content-Type': TYPES[name], 'Cache-Control': 'no-store' }).end(file);
});
server.listen(process.env.PORT ?? 5173, '127.0.0.1', () => {
  console.log(`The page is at http://localhost:${server.address().port}`);
});
