'use strict';

/**
 * The SHA-256 of the id in the cookie of a session that has one, in base64url, and what is kept of such a session where
 * there is no Redis.
 */
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.addColumn('sessions', 'cookie_key', { type: Sequelize.STRING(43), allowNull: true });
    await queryInterface.addColumn('sessions', 'cookie_record', { type: Sequelize.TEXT, allowNull: true });
    await queryInterface.addIndex('sessions', ['cookie_key'], { name: 'sessions_cookie_key', unique: true });
  },

  async down(queryInterface) {
    await queryInterface.removeIndex('sessions', 'sessions_cookie_key');
    await queryInterface.removeColumn('sessions', 'cookie_record');
    await queryInterface.removeColumn('sessions', 'cookie_key');
  },
};
