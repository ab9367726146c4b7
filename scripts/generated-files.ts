import { describeService } from '../src/app.ts';
import { renderEnvExample } from '../src/config-variables.ts';
import { toPostmanCollection } from './postman.ts';

const LOCAL_URL = 'http://localhost:3000';

/** Files that are made from the code by `npm run generate`; a test holds each equal to what the code says today. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  '.env.example': renderEnvExample,
  'postman/latchkey.postman_collection.json': () =>
    `${JSON.stringify(toPostmanCollection(describeService(LOCAL_URL)), null, 2)}\n`,
};
