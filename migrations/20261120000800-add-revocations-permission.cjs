'use strict';

const { insertBaseline } = require('../config/baseline.cjs');

const PERMISSION = 'revocations:read';

/** What a machine client needs to follow what is revoked; the role admin gets it. */
module.exports = {
  async up(queryInterface) {
    await insertBaseline(queryInterface, new Date());
  },

  async down(queryInterface) {
    for (const table of ['role_permissions', 'client_permissions']) {
      await queryInterface.bulkDelete(table, { permission: PERMISSION });
    }
    await queryInterface.bulkDelete('permissions', { name: PERMISSION });
  },
};
