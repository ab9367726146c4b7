'use strict';

/** What this version of the service asked for. Later ones are added by migrations of their own. */
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
};

const ROLES = {
  user: 'Everybody who has an account',
  admin: 'May do everything in this service',
};

/** Who may do what: roles, what they may do, and who has them. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const binary = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };
    const reference = (table, key, onDelete) => ({ references: { model: table, key }, onDelete });
    const role = (onDelete) => ({
      type: Sequelize.STRING(64),
      primaryKey: true,
      ...reference('roles', 'name', onDelete),
    });

    await queryInterface.createTable(
      'roles',
      {
        name: { type: Sequelize.STRING(64), primaryKey: true },
        description: { type: Sequelize.STRING(200), allowNull: true },
        // Rises whenever the role may do something else; tokens made before that are refused.
        version: { type: date, allowNull: false },
        created_at: { type: date, allowNull: false },
        updated_at: { type: date, allowNull: false },
      },
      binary,
    );
    await queryInterface.createTable(
      'permissions',
      {
        name: { type: Sequelize.STRING(128), primaryKey: true },
        description: { type: Sequelize.STRING(200), allowNull: true },
        created_at: { type: date, allowNull: false },
      },
      binary,
    );
    await queryInterface.createTable(
      'role_permissions',
      {
        role: role('CASCADE'),
        permission: {
          type: Sequelize.STRING(128),
          primaryKey: true,
          ...reference('permissions', 'name', 'CASCADE'),
        },
      },
      binary,
    );
    await queryInterface.createTable(
      'user_roles',
      {
        user_id: { type: Sequelize.STRING(36), primaryKey: true, ...reference('users', 'id', 'CASCADE') },
        role: role('CASCADE'),
      },
      binary,
    );
    await queryInterface.addIndex('user_roles', ['role', 'user_id'], { name: 'user_roles_role' });
    // Administrators look for those who are disabled, who are few.
    await queryInterface.addIndex('users', ['disabled_at'], { name: 'users_disabled_at' });
    // Rises whenever the user gets or loses a role.
    await queryInterface.addColumn('users', 'rights_version', { type: date, allowNull: true });

    await resizeRevocationSubjects(queryInterface, Sequelize.STRING(64));

    await insertBaseline(queryInterface, new Date());
    await queryInterface.sequelize.query(
      "INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM users",
    );
  },

  async down(queryInterface, Sequelize) {
    await queryInterface.bulkDelete('revocations', { kind: ['rights', 'role'] });
    await resizeRevocationSubjects(queryInterface, Sequelize.STRING(36));
    await queryInterface.removeIndex('users', 'users_disabled_at');
    await queryInterface.removeColumn('users', 'rights_version');
    for (const table of ['user_roles', 'role_permissions', 'permissions', 'roles']) {
      await queryInterface.dropTable(table);
    }
  },
};

async function insertBaseline(queryInterface, at) {
  await queryInterface.bulkInsert(
    'permissions',
    Object.entries(PERMISSIONS).map(([name, description]) => ({ name, description, created_at: at })),
  );
  await queryInterface.bulkInsert(
    'roles',
    Object.entries(ROLES).map(([name, description]) => ({
      name,
      description,
      version: at,
      created_at: at,
      updated_at: at,
    })),
  );
  await queryInterface.bulkInsert(
    'role_permissions',
    Object.keys(PERMISSIONS).map((permission) => ({ role: 'admin', permission })),
  );
}

/** Roles are revoked by their names, which are longer than ids. SQLite takes texts of any length. */
async function resizeRevocationSubjects(queryInterface, type) {
  if (queryInterface.sequelize.getDialect() === 'sqlite') return;
  await queryInterface.changeColumn('revocations', 'subject_id', { type, allowNull: false });
}
