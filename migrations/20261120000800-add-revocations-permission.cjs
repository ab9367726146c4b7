'use strict';

const PERMISSION = 'revocations:read';

/** What a machine client needs to follow what is revoked; the role admin gets it. */
module.exports = {
  async up(queryInterface) {
    // The seeder may have brought it already.
    const insert = (table, row) => queryInterface.bulkInsert(table, [row], { ignoreDuplicates: true });
    const description = 'Follow what is revoked, to verify tokens elsewhere';
    await insert('permissions', { name: PERMISSION, description, created_at: new Date() });
    await insert('role_permissions', { role: 'admin', permission: PERMISSION });
  },

  async down(queryInterface) {
    for (const table of ['role_permissions', 'client_permissions']) {
      await queryInterface.bulkDelete(table, { permission: PERMISSION });
    }
    await queryInterface.bulkDelete('permissions', { name: PERMISSION });
  },
};
