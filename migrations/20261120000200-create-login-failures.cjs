'use strict';

/** Wrong passwords in a row, and since when a password is what it is. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    await queryInterface.createTable(
      'login_failures',
      {
        // A user's id, or a keyed hash of an identifier without an account.
        account: { type: Sequelize.STRING(64), primaryKey: true },
        // Empty for all devices that the account does not know.
        device: { type: Sequelize.STRING(64), primaryKey: true },
        failures: { type: Sequelize.INTEGER, allowNull: false },
        failed_at: { type: date, allowNull: false },
        email_failures: { type: Sequelize.INTEGER, allowNull: false },
        email_failed_at: { type: date, allowNull: true },
        username_failures: { type: Sequelize.INTEGER, allowNull: false },
        username_failed_at: { type: date, allowNull: true },
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    await queryInterface.addIndex('login_failures', ['failed_at'], { name: 'login_failures_failed_at' });
    await queryInterface.addColumn('users', 'password_changed_at', { type: date, allowNull: true });
  },

  async down(queryInterface) {
    await queryInterface.removeColumn('users', 'password_changed_at');
    await queryInterface.dropTable('login_failures');
  },
};
