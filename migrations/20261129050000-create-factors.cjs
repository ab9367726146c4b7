'use strict';

const PERMISSION = 'users:reset-factors';

/**
 * What people sign in with beside a password, or instead of one: authenticator apps (TOTP), recovery codes, passkeys, and
 * the devices on which they are not asked again.
 */
module.exports = {
  async up(queryInterface, Sequelize) {
    const options = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };
    const date = { type: Sequelize.DATE(3), allowNull: false };
    const id = { type: Sequelize.STRING(36), primaryKey: true };
    const text = (length) => ({ type: Sequelize.STRING(length), allowNull: false });
    const optional = (type) => ({ type, allowNull: true });
    const userId = {
      type: Sequelize.STRING(36),
      allowNull: false,
      references: { model: 'users', key: 'id' },
      onDelete: 'CASCADE',
    };
    const index = (table, column, more = {}) =>
      queryInterface.addIndex(table, [column], { name: `${table}_${column}`, ...more });

    await queryInterface.createTable(
      'totp_factors',
      {
        id,
        user_id: userId,
        name: optional(Sequelize.STRING(100)),
        // Sealed.
        secret: text(255),
        // The latest time step whose code was used: neither it nor an earlier one is good again.
        last_step: optional(Sequelize.BIGINT),
        // Null until a first code has shown that the app has the secret.
        confirmed_at: optional(Sequelize.DATE(3)),
        created_at: date,
        last_used_at: optional(Sequelize.DATE(3)),
      },
      options,
    );
    await index('totp_factors', 'user_id');

    await queryInterface.createTable(
      'recovery_codes',
      {
        // HMAC-SHA-256 of the user and the code, in base64url.
        mac: { type: Sequelize.STRING(43), primaryKey: true },
        user_id: userId,
        created_at: date,
      },
      options,
    );
    await index('recovery_codes', 'user_id');

    await queryInterface.createTable(
      'remembered_devices',
      {
        id,
        user_id: userId,
        // As in its device token.
        device_id: text(22),
        user_agent: optional(Sequelize.STRING(512)),
        ip: optional(Sequelize.STRING(45)),
        created_at: date,
        expires_at: date,
      },
      options,
    );
    await queryInterface.addIndex('remembered_devices', ['user_id', 'device_id'], {
      name: 'remembered_devices_user_id_device_id',
      unique: true,
    });
    await index('remembered_devices', 'expires_at');

    await queryInterface.createTable(
      'passkeys',
      {
        id,
        user_id: userId,
        name: text(100),
        // SHA-256 of the credential id in base64url, since an id of 1,023 bytes is too long for an index.
        credential_hash: text(43),
        credential_id: { type: Sequelize.TEXT, allowNull: false },
        // COSE, in base64url.
        public_key: { type: Sequelize.TEXT, allowNull: false },
        counter: { type: Sequelize.BIGINT, allowNull: false },
        transports: text(100),
        aaguid: text(36),
        // Whether it may be, and is, copied to other devices of its owner.
        is_backup_eligible: { type: Sequelize.BOOLEAN, allowNull: false },
        is_backed_up: { type: Sequelize.BOOLEAN, allowNull: false },
        created_at: date,
        last_used_at: optional(Sequelize.DATE(3)),
      },
      options,
    );
    await index('passkeys', 'user_id');
    await index('passkeys', 'credential_hash', { unique: true });

    // Since when a password alone no longer signs in. A login reads it with the rest of the account.
    await queryInterface.addColumn('users', 'second_factor_since', optional(Sequelize.DATE(3)));

    // The seeder may have brought it already.
    const insert = (table, row) => queryInterface.bulkInsert(table, [row], { ignoreDuplicates: true });
    const description = 'Remove the second factors of users who have lost them';
    await insert('permissions', { name: PERMISSION, description, created_at: new Date() });
    await insert('role_permissions', { role: 'admin', permission: PERMISSION });
  },

  async down(queryInterface) {
    for (const table of ['role_permissions', 'client_permissions']) {
      await queryInterface.bulkDelete(table, { permission: PERMISSION });
    }
    await queryInterface.bulkDelete('permissions', { name: PERMISSION });
    await queryInterface.sequelize.query('ALTER TABLE users DROP COLUMN second_factor_since');
    for (const table of ['passkeys', 'remembered_devices', 'recovery_codes', 'totp_factors']) {
      await queryInterface.dropTable(table);
    }
  },
};
