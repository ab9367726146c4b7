/** A heading of the API document. */
export interface Tag {
  readonly name: string;
  readonly description: string;
}

// Headings of several features. Those of one are stated with its routes.

export const ACCOUNTS: Tag = {
  name: 'Accounts',
  description: 'Signing up, logging in, and what users do with their own account',
};

export const USER_ADMINISTRATION: Tag = {
  name: 'Administration of users',
  description: 'Accounts, their roles, sessions and keys, for callers who hold the permission',
};

export const CODES_AND_LINKS: Tag = {
  name: 'Codes and links',
  description: 'Signing in by what is sent by SMS or mail, and proving that an address is yours',
};
