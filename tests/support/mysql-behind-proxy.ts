import { afterAll, beforeAll } from '@jest/globals';
import { startApp, type TestApp } from './app.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** A service whose MySQL can be taken away, by the proxy that it is reached through. Both are there once the suite runs. */
export function useMysqlBehindProxy(): { readonly app: TestApp; readonly proxy: TcpProxy } {
  let proxy: TcpProxy;
  let app: TestApp;

  beforeAll(async () => {
    const upstream = new URL(process.env.TEST_MYSQL_URL ?? '');
    proxy = await startTcpProxy(upstream.hostname, Number(upstream.port || 3306));
    app = await startApp('MySQL', { DATABASE_TIMEOUT_MS: '1000' }, (url) => {
      const proxied = new URL(url);
      proxied.host = `127.0.0.1:${proxy.port}`;
      return proxied.href;
    });
  });
  afterAll(async () => {
    await proxy.restore();
    await app.stop();
    await proxy.stop();
  });

  return {
    app: new Proxy({} as TestApp, { get: (_target, name) => app[name as keyof TestApp] }),
    proxy: new Proxy({} as TcpProxy, { get: (_target, name) => proxy[name as keyof TcpProxy] }),
  };
}
