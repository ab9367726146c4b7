'use strict';

/**
 * The roles and permissions that the service itself knows. Migrations bring them, each with a copy of its own that never
 * changes; the seeder brings back what is missing. Each route below /admin has a permission of its own.
 */
const PERMISSIONS = {
  'users:list': 'Search for users',
  'users:read': 'Read one user',
  'users:create': 'Create users',
  'users:import': 'Import users with their password hashes',
  'users:update': 'Change email addresses, usernames and names',
  'users:disable': 'Disable users',
  'users:enable': 'Enable users',
  'users:delete': 'Delete users',
  'users:unlock': 'Forget the wrong passwords of users',
  'users:set-roles': 'Give roles to users and take them away',
  'users:force-password-change': 'Make users choose a new password',
  'users:reset-password': 'Make links with which users choose another password',
  'users:reset-factors': 'Remove the second factors of users who have lost them',
  'sessions:list': 'See the sessions of users',
  'sessions:end': 'End the sessions of users',
  'api-keys:list': 'See the API keys of users',
  'api-keys:delete': 'Delete the API keys of users',
  'roles:list': 'See what roles there are',
  'roles:read': 'Read one role',
  'roles:create': 'Create roles',
  'roles:update': 'Change what roles may do',
  'roles:delete': 'Delete roles',
  'permissions:list': 'See what permissions there are',
  'permissions:read': 'Read one permission',
  'permissions:create': 'Create permissions',
  'permissions:update': 'Change what is said of permissions',
  'permissions:delete': 'Delete permissions',
  'audit:read': 'See who did what',
  'clients:list': 'See what machine clients there are',
  'clients:read': 'Read one machine client',
  'clients:create': 'Create machine clients',
  'clients:update': 'Change what machine clients are called, may do and when they expire',
  'clients:delete': 'Delete machine clients',
  'clients:add-secret': 'Add secrets to machine clients',
  'clients:remove-secret': 'Remove secrets of machine clients',
  'tokens:introspect': 'Ask what there is to know about a token',
  'revocations:read': 'Follow what is revoked, to verify tokens elsewhere',
};

const ROLES = {
  user: { description: 'Everybody who has an account', permissions: [] },
  admin: { description: 'May do everything in this service', permissions: Object.keys(PERMISSIONS) },
};

module.exports = { PERMISSIONS, ROLES, insertBaseline };

/** Inserts what is missing and leaves what is there as it is. */
async function insertBaseline(queryInterface, at) {
  const insert = (table, rows) => queryInterface.bulkInsert(table, rows, { ignoreDuplicates: true });
  await insert(
    'permissions',
    Object.entries(PERMISSIONS).map(([name, description]) => ({ name, description, created_at: at })),
  );
  for (const [role, { description, permissions }] of Object.entries(ROLES)) {
    await insert('roles', [{ name: role, description, version: at, created_at: at, updated_at: at }]);
    const rows = permissions.map((permission) => ({ role, permission }));
    if (rows.length > 0) await insert('role_permissions', rows);
  }
}
