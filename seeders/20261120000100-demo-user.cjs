'use strict';

/**
 * One person to try the service with: demo@example.com, password "correct horse battery staple".
 * The plain bcrypt hash is upgraded at the first login, like any hash brought from another system.
 */
const DEMO_USER = {
  id: '01980000-0000-7000-8000-000000000001',
  email: 'demo@example.com',
  email_canonical: 'demo@example.com',
  username: 'demo',
  username_canonical: 'demo',
  name: 'Demo Person',
  password_hash: '$2b$10$QK79YvaRkfOiLWvcyvmzT.GNg0mXl02B85MosBDRoNA2wLMIlVBTW',
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
  },

  async down(queryInterface) {
    await queryInterface.bulkDelete('users', { id: DEMO_USER.id });
  },
};
