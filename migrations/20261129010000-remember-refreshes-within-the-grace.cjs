'use strict';

/** When the refreshes before the latest one were, in milliseconds since 1970, as long as they are within its grace. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const column = { type: Sequelize.STRING(255), allowNull: true };
    await queryInterface.addColumn('sessions', 'earlier_rotations', column);
  },

  async down(queryInterface) {
    await queryInterface.removeColumn('sessions', 'earlier_rotations');
  },
};
