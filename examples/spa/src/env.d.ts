interface ImportMetaEnv {
  readonly VITE_LATCHKEY_URL?: string;
  readonly VITE_TRANSPORT?: 'cookie' | 'token';
  readonly VITE_POSTS_URL?: string;
}
