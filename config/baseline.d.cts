/** The service's own permissions, each with what it allows. */
export const PERMISSIONS: Readonly<
  Record<
    | 'users:list'
    | 'users:read'
    | 'users:create'
    | 'users:import'
    | 'users:update'
    | 'users:disable'
    | 'users:enable'
    | 'users:delete'
    | 'users:unlock'
    | 'users:set-roles'
    | 'users:force-password-change'
    | 'users:reset-password'
    | 'users:reset-factors'
    | 'sessions:list'
    | 'sessions:end'
    | 'api-keys:list'
    | 'api-keys:delete'
    | 'roles:list'
    | 'roles:read'
    | 'roles:create'
    | 'roles:update'
    | 'roles:delete'
    | 'permissions:list'
    | 'permissions:read'
    | 'permissions:create'
    | 'permissions:update'
    | 'permissions:delete'
    | 'audit:read'
    | 'clients:list'
    | 'clients:read'
    | 'clients:create'
    | 'clients:update'
    | 'clients:delete'
    | 'clients:add-secret'
    | 'clients:remove-secret'
    | 'tokens:introspect'
    | 'revocations:read',
    string
  >
>;
/** The roles that the service itself knows. */
export const ROLES: Readonly<
  Record<string, { readonly description: string; readonly permissions: readonly string[] }>
>;
