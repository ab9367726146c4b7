import type { Routes } from './api.ts';

export type Body<Name extends keyof Routes> = Routes[Name] extends { body?: infer Value } ? Value : undefined;
type Params<Name extends keyof Routes> = Routes[Name] extends { params: infer Value } ? Value : undefined;
export type Input<Name extends keyof Routes> =
  Params<Name> extends undefined
    ? [body?: Body<Name>, params?: undefined]
    : [body: Body<Name> | undefined, params: Params<Name>];

/** Calls a route of Latchkey as the user who is signed in. */
export type Call = <Name extends keyof Routes>(
  route: Name,
  ...input: Input<Name>
) => Promise<Routes[Name]['answer']>;
