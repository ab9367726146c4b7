'use strict';

/**
 * People who can log in. Identifiers are stored twice: as typed, to show, and in a canonical form, to compare.
 * The binary collation makes the canonical columns mean the same on MySQL, MariaDB and SQLite: byte for byte.
 */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    await queryInterface.createTable(
      'users',
      {
        id: { type: Sequelize.STRING(36), primaryKey: true },
        email: { type: Sequelize.STRING(254), allowNull: false },
        email_canonical: { type: Sequelize.STRING(254), allowNull: false },
        username: { type: Sequelize.STRING(32), allowNull: true },
        username_canonical: { type: Sequelize.STRING(32), allowNull: true },
        name: { type: Sequelize.STRING(200), allowNull: true },
        // Null for an account that logs in by other means.
        password_hash: { type: Sequelize.STRING(255), allowNull: true },
        email_verified_at: { type: date, allowNull: true },
        disabled_at: { type: date, allowNull: true },
        created_at: { type: date, allowNull: false },
        updated_at: { type: date, allowNull: false },
      },
      {
        charset: 'utf8mb4',
        collate: 'utf8mb4_bin',
        uniqueKeys: {
          users_email_canonical: { fields: ['email_canonical'] },
          users_username_canonical: { fields: ['username_canonical'] },
        },
      },
    );
  },

  async down(queryInterface) {
    await queryInterface.dropTable('users');
  },
};
