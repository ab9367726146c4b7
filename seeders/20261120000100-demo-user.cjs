'use strict';

/**
 * One person to try the service with: demo@example.com, password "correct horse battery staple".
 * The plain bcrypt hash is upgraded at the first login, like any hash brought from another system. It is of bcrypt's lowest
 * cost, since a costlier one would not be compared everywhere, and protects nothing.
 */
const DEMO_USER = {
  id: '01980000-0000-7000-8000-000000000001',
  email: 'demo@example.com',
  email_canonical: 'demo@example.com',
  username: 'demo',
  username_canonical: 'demo',
  name: 'Demo Person',
  password_hash: '$2b$04$n6Yqo6xB8TGUGlF.qhPrZu3.7rU8qdg8sE2C0YAYvCh2AxPPcTbiq',
  created_at: new Date(),
  updated_at: new Date(),
};

module.exports = {
  async up(queryInterface) {
    if (queryInterface.sequelize.options.environment === 'production') {
      console.log('Skipped: a demo user with a public password never goes into production.');
      return;
    }
    await queryInterface.bulkInsert('users', [DEMO_USER], { ignoreDuplicates: true });
    // Only if it is this very user: another account may have had one of the identifiers.
    await queryInterface.sequelize.query(
      `INSERT INTO user_roles (user_id, role) SELECT users.id, roles.name FROM users, roles
      WHERE users.id = :id AND roles.name = 'user'
        AND NOT EXISTS (SELECT 1 FROM user_roles AS given WHERE given.user_id = users.id)`,
      { replacements: { id: DEMO_USER.id } },
    );
  },

  async down(queryInterface) {
    await queryInterface.bulkDelete('users', { id: DEMO_USER.id });
  },
};
