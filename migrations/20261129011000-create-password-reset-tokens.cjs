'use strict';

const PERMISSION = 'users:reset-password';

/** Links with which people who have forgotten their password choose another; the role admin may make them. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    await queryInterface.createTable(
      'password_reset_tokens',
      {
        // One for each user: a newer one replaces it.
        user_id: {
          type: Sequelize.STRING(36),
          primaryKey: true,
          references: { model: 'users', key: 'id' },
          onDelete: 'CASCADE',
        },
        // SHA-256 in hexadecimal: a token is 256 random bits, which cannot be guessed however fast the hash is.
        hash: { type: Sequelize.STRING(64), allowNull: false },
        created_at: { type: date, allowNull: false },
        expires_at: { type: date, allowNull: false },
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    const addIndex = (column, options) =>
      queryInterface.addIndex('password_reset_tokens', [column], {
        name: `password_reset_tokens_${column}`,
        ...options,
      });
    await addIndex('hash', { unique: true });
    await addIndex('expires_at');

    // The seeder may have brought it already.
    const insert = (table, row) => queryInterface.bulkInsert(table, [row], { ignoreDuplicates: true });
    const description = 'Make links with which users choose another password';
    await insert('permissions', { name: PERMISSION, description, created_at: new Date() });
    await insert('role_permissions', { role: 'admin', permission: PERMISSION });
  },

  async down(queryInterface) {
    for (const table of ['role_permissions', 'client_permissions']) {
      await queryInterface.bulkDelete(table, { permission: PERMISSION });
    }
    await queryInterface.bulkDelete('permissions', { name: PERMISSION });
    await queryInterface.dropTable('password_reset_tokens');
  },
};
