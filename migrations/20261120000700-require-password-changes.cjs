'use strict';

/** Since when a user has to choose another password before a login succeeds. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const column = { type: Sequelize.DATE(3), allowNull: true };
    await queryInterface.addColumn('users', 'password_change_required_at', column);
  },

  async down(queryInterface) {
    await queryInterface.removeColumn('users', 'password_change_required_at');
  },
};
