'use strict';

/** Who did what to whom, and when. Rows are added and, when they are old enough, removed; never changed. */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const text = (length) => ({ type: Sequelize.STRING(length), allowNull: true });
    const required = (length) => ({ type: Sequelize.STRING(length), allowNull: false });
    await queryInterface.createTable(
      'ledger',
      {
        // UUIDv7: in the order of time, and a cursor.
        id: { type: Sequelize.STRING(36), primaryKey: true },
        type: required(64),
        outcome: required(16),
        actor_type: required(16),
        actor_id: text(64),
        // A permission has the longest name of all.
        subject_id: text(128),
        session_id: text(36),
        ip: text(45),
        user_agent: text(512),
        request_id: text(128),
        details: { type: Sequelize.TEXT, allowNull: true },
        created_at: { type: date, allowNull: false },
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    await queryInterface.addIndex('ledger', ['subject_id', 'id'], { name: 'ledger_subject' });
    await queryInterface.addIndex('ledger', ['actor_id', 'id'], { name: 'ledger_actor' });
    await queryInterface.addIndex('ledger', ['type', 'id'], { name: 'ledger_type' });
    await queryInterface.addIndex('ledger', ['created_at'], { name: 'ledger_created_at' });
  },

  async down(queryInterface) {
    await queryInterface.dropTable('ledger');
  },
};
