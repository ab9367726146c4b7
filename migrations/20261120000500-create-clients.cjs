'use strict';

/** Machine clients, their permissions, and the hashes of their secrets. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const binary = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };
    const id = { type: Sequelize.STRING(36), primaryKey: true };
    const reference = (table, key) => ({ references: { model: table, key }, onDelete: 'CASCADE' });

    await queryInterface.createTable(
      'clients',
      {
        id,
        name: { type: Sequelize.STRING(200), allowNull: false },
        // Rises whenever the client may do something else; tokens made before that are refused.
        rights_version: { type: date, allowNull: true },
        expires_at: { type: date, allowNull: true },
        created_at: { type: date, allowNull: false },
        updated_at: { type: date, allowNull: false },
      },
      binary,
    );
    await queryInterface.createTable(
      'client_permissions',
      {
        client_id: { ...id, ...reference('clients', 'id') },
        permission: { type: Sequelize.STRING(128), primaryKey: true, ...reference('permissions', 'name') },
      },
      binary,
    );
    await queryInterface.addIndex('client_permissions', ['permission'], {
      name: 'client_permissions_permission',
    });
    await queryInterface.createTable(
      'client_secrets',
      {
        id,
        client_id: { type: Sequelize.STRING(36), allowNull: false, ...reference('clients', 'id') },
        // SHA-256 in hex: the secrets are 256 random bits, which cannot be guessed however fast the hash is.
        hash: { type: Sequelize.STRING(64), allowNull: false },
        created_at: { type: date, allowNull: false },
      },
      binary,
    );
    await queryInterface.addIndex('client_secrets', ['client_id'], { name: 'client_secrets_client_id' });
  },

  async down(queryInterface) {
    for (const table of ['client_secrets', 'client_permissions', 'clients']) {
      await queryInterface.dropTable(table);
    }
  },
};
