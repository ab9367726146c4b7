export type { ClientEvent } from './access.ts';
export type * from './api.ts';
export { type Client, type ClientOptions, createClient, type Proof } from './client.ts';
export { LatchkeyError } from './error.ts';
export type { SignIn, Step } from './sign-in.ts';
export type { FactorMethod, Session as ClientSession, TokenStorage } from './state.ts';
