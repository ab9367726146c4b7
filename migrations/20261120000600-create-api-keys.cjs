'use strict';

/** Credentials for programs that act for a user. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const required = (length) => ({ type: Sequelize.STRING(length), allowNull: false });
    await queryInterface.createTable(
      'api_keys',
      {
        id: { type: Sequelize.STRING(36), primaryKey: true },
        user_id: {
          type: Sequelize.STRING(36),
          allowNull: false,
          references: { model: 'users', key: 'id' },
          onDelete: 'CASCADE',
        },
        name: required(200),
        // SHA-256 in hexadecimal: the key itself is shown once and not stored.
        hash: required(64),
        prefix: required(16),
        last_four: required(4),
        scope: { type: Sequelize.TEXT, allowNull: true },
        expires_at: { type: date, allowNull: true },
        last_used_at: { type: date, allowNull: true },
        created_at: { type: date, allowNull: false },
        revoked_at: { type: date, allowNull: true },
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    await queryInterface.addIndex('api_keys', ['hash'], { name: 'api_keys_hash', unique: true });
    await queryInterface.addIndex('api_keys', ['user_id'], { name: 'api_keys_user_id' });
    await queryInterface.addIndex('api_keys', ['expires_at'], { name: 'api_keys_expires_at' });
    await queryInterface.addIndex('api_keys', ['revoked_at'], { name: 'api_keys_revoked_at' });
  },

  async down(queryInterface) {
    await queryInterface.dropTable('api_keys');
  },
};
