import { apple } from './apple.ts';
import type { ProviderSettings, ValuesOf } from './definition.ts';
import { demo } from './demo.ts';
import { facebook } from './facebook.ts';
import { github } from './github.ts';
import { google } from './google.ts';
import { microsoft } from './microsoft.ts';
import { oidc } from './oidc.ts';

/** Every kind of provider, in the order in which people see them. */
const PROVIDERS = [google, apple, microsoft, github, facebook, oidc, demo] as const;

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;
type ProviderVariables = Intersection<(typeof PROVIDERS)[number]['variables']>;
type ProviderValues = ValuesOf<ProviderVariables>;
type SettingsOfAll = (values: ProviderValues) => readonly ProviderSettings[];

/** The variables of all of them. */
export const PROVIDER_VARIABLES: ProviderVariables = Object.assign(
  {},
  ...PROVIDERS.map(({ variables }) => variables),
);

/** The variables that are set together or not at all. */
export const PROVIDER_GROUPS = PROVIDERS.map(({ group }): readonly (keyof ProviderVariables)[] => group);

/** The providers that are configured. */
export function providersOf(values: ProviderValues): readonly ProviderSettings[] {
  return PROVIDERS.flatMap(({ settings }) => (settings as SettingsOfAll)(values));
}
