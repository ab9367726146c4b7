'use strict';

/**
 * Who made a hash and what it costs, such as l12 (`lk1:...$2b$12$...`) or $12 (`$2b$12$...`): a start asks for the
 * costliest, which would otherwise read every account. In bcrypt's 60 characters the cost stands at the fifth.
 */
module.exports = {
  async up({ sequelize }) {
    const parts = ['SUBSTR(password_hash, 1, 1)', 'SUBSTR(password_hash, -56, 2)'];
    // SQLite adds no stored column to a table that exists.
    const column =
      sequelize.getDialect() === 'sqlite'
        ? `AS (${parts.join(' || ')}) VIRTUAL`
        : `AS (CONCAT(${parts.join(', ')})) STORED`;
    await sequelize.query(`ALTER TABLE users ADD COLUMN password_hash_kind VARCHAR(3) ${column}`);
    await sequelize.query('CREATE INDEX users_password_hash_kind ON users (password_hash_kind)');
  },

  async down({ sequelize }) {
    const isSqlite = sequelize.getDialect() === 'sqlite';
    await sequelize.query(`DROP INDEX users_password_hash_kind${isSqlite ? '' : ' ON users'}`);
    await sequelize.query('ALTER TABLE users DROP COLUMN password_hash_kind');
  },
};
