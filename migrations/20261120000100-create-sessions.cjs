'use strict';

/** Sessions, what has been revoked, and which keys have been in use. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const isSqlite = queryInterface.sequelize.getDialect() === 'sqlite';
    const binary = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };

    await queryInterface.createTable(
      'sessions',
      {
        id: { type: Sequelize.STRING(36), primaryKey: true },
        user_id: {
          type: Sequelize.STRING(36),
          allowNull: false,
          references: { model: 'users', key: 'id' },
          onDelete: 'CASCADE',
        },
        method: { type: Sequelize.STRING(32), allowNull: false },
        user_agent: { type: Sequelize.STRING(512), allowNull: true },
        ip: { type: Sequelize.STRING(45), allowNull: true },
        created_at: { type: date, allowNull: false },
        last_used_at: { type: date, allowNull: false },
        idle_expires_at: { type: date, allowNull: false },
        absolute_expires_at: { type: date, allowNull: false },
        refresh_counter: { type: Sequelize.INTEGER, allowNull: false },
        rotated_at: { type: date, allowNull: true },
        revoked_at: { type: date, allowNull: true },
        revoked_reason: { type: Sequelize.STRING(32), allowNull: true },
      },
      binary,
    );
    await queryInterface.addIndex('sessions', ['user_id'], { name: 'sessions_user_id' });
    await queryInterface.addIndex('sessions', ['idle_expires_at'], { name: 'sessions_idle_expires_at' });

    await queryInterface.createTable(
      'revocations',
      {
        // What every process follows; never given out twice, also after rows were removed. SQLite's INTEGER has 64 bits.
        id: { type: isSqlite ? Sequelize.INTEGER : Sequelize.BIGINT, primaryKey: true, autoIncrement: true },
        kind: { type: Sequelize.STRING(16), allowNull: false },
        subject_id: { type: Sequelize.STRING(36), allowNull: false },
        not_before: { type: date, allowNull: true },
        expires_at: { type: date, allowNull: false },
        created_at: { type: date, allowNull: false },
      },
      binary,
    );
    await queryInterface.addIndex('revocations', ['expires_at'], { name: 'revocations_expires_at' });

    await queryInterface.createTable(
      'signing_keys',
      {
        kid: { type: Sequelize.STRING(64), primaryKey: true },
        algorithm: { type: Sequelize.STRING(16), allowNull: false },
        first_used_at: { type: date, allowNull: false },
        last_signed_at: { type: date, allowNull: true },
        last_seen_at: { type: date, allowNull: true },
      },
      binary,
    );
  },

  async down(queryInterface) {
    await queryInterface.dropTable('signing_keys');
    await queryInterface.dropTable('revocations');
    await queryInterface.dropTable('sessions');
  },
};
