import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { healthRoutes } from '../../src/features/health/routes.ts';

describe('GET /readyz', () => {
  it('gives the database one second, to read and to write at once', async () => {
    const limits: number[] = [];
    const readiness = {
      isDraining: () => false,
      isClockOff: () => false,
      isStale: () => false,
      whenStale: 'refuse' as const,
    };
    const isSchemaCurrent = async (withinMilliseconds: number) => limits.push(withinMilliseconds) > 0;
    const tryWriting = async (withinMilliseconds: number) => {
      limits.push(withinMilliseconds);
    };
    const readyz = healthRoutes({ ...readiness, isSchemaCurrent, tryWriting }).find(
      ({ path }) => path === '/readyz',
    );
    const app = express().get('/readyz', (req, res) => readyz?.handle(req, res));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };

    const { status } = await fetch(`http://127.0.0.1:${port}/readyz`);

    expect(status).toBe(200);
    expect(limits).toEqual([1_000, 1_000]);
    server.closeAllConnections();
    server.close();
  });
});
