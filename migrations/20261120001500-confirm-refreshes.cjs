'use strict';

/** Since when the tokens of the latest refresh are known to have reached their client. */
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.addColumn('sessions', 'confirmed_at', { type: Sequelize.DATE(3), allowNull: true });
  },

  async down(queryInterface) {
    await queryInterface.removeColumn('sessions', 'confirmed_at');
  },
};
