'use strict';

/** Some rows that readiness probes write to, to see whether the database takes writes; what is in them means nothing. */
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable('write_probes', {
      slot: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: false },
      written_at: { type: Sequelize.DATE(3), allowNull: false },
    });
  },

  async down(queryInterface) {
    await queryInterface.dropTable('write_probes');
  },
};
