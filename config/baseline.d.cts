/** The service's own permissions, each with what it allows. */
export const PERMISSIONS: Readonly<Record<string, string>>;
/** The roles that the service itself knows. */
export const ROLES: Readonly<
  Record<string, { readonly description: string; readonly permissions: readonly string[] }>
>;
