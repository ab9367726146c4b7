'use strict';

/** Accounts of users at other providers, by which they sign in here. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const text = (length) => ({ type: Sequelize.STRING(length), allowNull: false });
    await queryInterface.createTable(
      'identities',
      {
        id: { type: Sequelize.STRING(36), primaryKey: true },
        user_id: {
          type: Sequelize.STRING(36),
          allowNull: false,
          references: { model: 'users', key: 'id' },
          onDelete: 'CASCADE',
        },
        provider: text(32),
        issuer: text(255),
        // At most 255 characters by OpenID Connect.
        subject: text(255),
        // As the provider wrote it, to show.
        email: { type: Sequelize.STRING(254), allowNull: true },
        // Sealed; null where they are not kept.
        tokens: { type: Sequelize.TEXT, allowNull: true },
        // Until then one process refreshes them.
        refreshing_until: { type: date, allowNull: true },
        created_at: { type: date, allowNull: false },
        last_used_at: { type: date, allowNull: false },
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    await queryInterface.addIndex('identities', ['provider', 'issuer', 'subject'], {
      name: 'identities_provider_issuer_subject',
      unique: true,
    });
    await queryInterface.addIndex('identities', ['user_id'], { name: 'identities_user_id' });
  },

  async down(queryInterface) {
    await queryInterface.dropTable('identities');
  },
};
