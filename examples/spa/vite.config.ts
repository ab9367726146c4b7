import react from '@vitejs/plugin-react';
import { defineConfig, loadEnv, type Plugin } from 'vite';

const PORT = 5173;

export default defineConfig(({ mode }) => {
  const { VITE_LATCHKEY_URL, VITE_POSTS_URL } = loadEnv(mode, import.meta.dirname);
  const services = [VITE_LATCHKEY_URL ?? 'http://localhost:3000', VITE_POSTS_URL ?? 'http://localhost:4000'];
  return {
    root: import.meta.dirname,
    plugins: [react(), contentSecurityPolicy(services.map((url) => new URL(url).origin))],
    // @latchkey/client is linked, and would otherwise find a React of its own.
    resolve: { dedupe: ['react', 'react-dom'] },
    server: { port: PORT, strictPort: true },
    preview: { port: PORT, strictPort: true },
  };
});

/** Of the built page alone: the development server puts scripts into the page. */
function contentSecurityPolicy(services: readonly string[]): Plugin {
  const content = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // QR codes come as SVG.
    "img-src 'self' data:",
    `connect-src ${services.join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  const attrs = { 'http-equiv': 'Content-Security-Policy', content };
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [{ tag: 'meta', attrs, injectTo: 'head-prepend' }],
  };
}
