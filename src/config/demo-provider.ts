import { existsSync } from 'node:fs';
import { besideCode } from './beside-code.ts';

/** Whether what the demo provider runs on is there: it is a development dependency. */
export const isDemoProviderInstalled = () => existsSync(besideCode('../node_modules/oidc-provider'));
