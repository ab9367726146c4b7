'use strict';

const DROPPED = ['email_failures', 'email_failed_at', 'username_failures', 'username_failed_at'];

/** Delays move from the account to the identifier that was typed; what locks an account stays. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const { sequelize } = queryInterface;
    const date = Sequelize.DATE(3);
    const count = { type: Sequelize.INTEGER, allowNull: false, defaultValue: 0 };
    await queryInterface.addColumn('login_failures', 'recent_failures', count);
    await queryInterface.addColumn('login_failures', 'previous_failed_at', { type: date, allowNull: true });
    await queryInterface.addColumn('login_failures', 'waits_until_ms', {
      type: Sequelize.BIGINT,
      allowNull: false,
      defaultValue: 0,
    });
    for (const column of DROPPED) await sequelize.query(`ALTER TABLE login_failures DROP COLUMN ${column}`);
    // Sessions and API keys had counts of their own; all sessions of an account share one from now on.
    await sequelize.query(
      "DELETE FROM login_failures WHERE device LIKE 'session:%' OR device LIKE 'api_key:%' OR account LIKE 'nobody:%'",
    );
  },

  async down(queryInterface, Sequelize) {
    const { sequelize } = queryInterface;
    const date = { type: Sequelize.DATE(3), allowNull: true };
    const count = { type: Sequelize.INTEGER, allowNull: false, defaultValue: 0 };
    await queryInterface.addColumn('login_failures', 'email_failures', count);
    await queryInterface.addColumn('login_failures', 'email_failed_at', date);
    await queryInterface.addColumn('login_failures', 'username_failures', count);
    await queryInterface.addColumn('login_failures', 'username_failed_at', date);
    for (const column of ['recent_failures', 'previous_failed_at', 'waits_until_ms']) {
      await sequelize.query(`ALTER TABLE login_failures DROP COLUMN ${column}`);
    }
    await sequelize.query(
      "DELETE FROM login_failures WHERE device = 'sessions' OR account LIKE 'identifier:%'",
    );
  },
};
