import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';

describe('A request and its response', () => {
  const app = useApp('SQLite');

  it('have the prototypes of the application before Express sees them', async () => {
    const seen: object[][] = [];
    const note = (...messages: [IncomingMessage, ServerResponse]) =>
      seen.push(messages.map((message) => Object.getPrototypeOf(message)));
    app.server.prependListener('request', (req, res) => {
      note(req, res);
      res.once('finish', () => note(req, res));
    });

    await app.get('/healthz').expect(200);

    const [came = [], left = []] = seen;
    expect(came.map((prototype, index) => prototype === left[index])).toEqual([true, true]);
  });
});
