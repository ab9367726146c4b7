import type { PageDefinition } from '../page.ts';
import { activity } from './activity.ts';
import { confirm } from './confirm.ts';
import { data } from './data.ts';
import { devices } from './devices.ts';
import { email } from './email.ts';
import { factors } from './factors.ts';
import { keys } from './keys.ts';
import { overview } from './overview.ts';
import { password } from './password.ts';
import { phone } from './phone.ts';
import { profile } from './profile.ts';
import { providers } from './providers.ts';
import { secure } from './secure.ts';

/** The pages on which people look after their accounts. */
export const ACCOUNT_PAGES: readonly PageDefinition[] = [
  overview,
  profile,
  email,
  phone,
  password,
  factors,
  devices,
  keys,
  providers,
  activity,
  data,
  secure,
  confirm,
];
