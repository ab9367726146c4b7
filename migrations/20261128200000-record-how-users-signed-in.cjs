'use strict';

/** How users proved who they were when a session began (RFC 8176, separated by spaces), and when. */
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.addColumn('sessions', 'amr', { type: Sequelize.STRING(64), allowNull: true });
    await queryInterface.addColumn('sessions', 'authenticated_at', {
      type: Sequelize.DATE(3),
      allowNull: true,
    });
  },

  async down(queryInterface) {
    await queryInterface.removeColumn('sessions', 'authenticated_at');
    await queryInterface.removeColumn('sessions', 'amr');
  },
};
