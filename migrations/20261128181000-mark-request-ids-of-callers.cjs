'use strict';

/** What the caller calls the request; `request_id` is ours. Until now it was the caller's where they sent one. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const column = { type: Sequelize.STRING(128), allowNull: true };
    await queryInterface.addColumn('ledger', 'client_request_id', column);
  },

  async down(queryInterface) {
    await queryInterface.removeColumn('ledger', 'client_request_id');
  },
};
