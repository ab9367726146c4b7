'use strict';

/**
 * Codes and links: what was sent to prove an address (challenges), how often codes were tried or messages sent (counts),
 * and the messages that are on their way (outbox). People may have a phone number, and need no email address.
 */
module.exports = {
  async up(queryInterface, Sequelize) {
    const date = Sequelize.DATE(3);
    const text = (length) => ({ type: Sequelize.STRING(length), allowNull: false });
    const optional = (type) => ({ type, allowNull: true });
    const options = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };
    const user = {
      type: Sequelize.STRING(36),
      allowNull: true,
      references: { model: 'users', key: 'id' },
      onDelete: 'CASCADE',
    };

    await queryInterface.createTable(
      'challenges',
      {
        id: { type: Sequelize.STRING(36), primaryKey: true },
        purpose: text(32),
        // Purpose and subject while it is the latest of them: a newer one takes its place.
        latest_of: optional(Sequelize.STRING(128)),
        user_id: user,
        address: optional(Sequelize.STRING(254)),
        // An HMAC in base64url: a code is short enough to be guessed from a plain hash.
        code_mac: optional(Sequelize.STRING(43)),
        // SHA-256 in hexadecimal: a token is 256 random bits, which cannot be guessed however fast the hash is.
        link_hash: optional(Sequelize.STRING(64)),
        // Sealed.
        details: optional(Sequelize.TEXT),
        tries: { type: Sequelize.INTEGER, allowNull: false, defaultValue: 0 },
        created_at: { type: date, allowNull: false },
        expires_at: { type: date, allowNull: false },
        used_at: optional(date),
      },
      options,
    );
    await index('challenges', 'latest_of', { unique: true });
    await index('challenges', 'link_hash', { unique: true });
    await index('challenges', 'user_id');
    await index('challenges', 'expires_at');

    await queryInterface.createTable(
      'counts',
      {
        name: { type: Sequelize.STRING(100), primaryKey: true },
        amount: { type: Sequelize.INTEGER, allowNull: false },
        window_ends_at: { type: date, allowNull: false },
      },
      options,
    );
    await index('counts', 'window_ends_at');

    await queryInterface.createTable(
      'outbox',
      {
        id: { type: Sequelize.STRING(36), primaryKey: true },
        channel: text(8),
        template: text(32),
        user_id: user,
        // Sealed: to whom, and what stands in the message.
        content: { type: Sequelize.TEXT, allowNull: false },
        attempts: { type: Sequelize.INTEGER, allowNull: false, defaultValue: 0 },
        // Null once it was sent, where such messages are kept.
        due_at: optional(date),
        created_at: { type: date, allowNull: false },
        expires_at: { type: date, allowNull: false },
      },
      options,
    );
    await queryInterface.addIndex('outbox', ['channel', 'due_at'], { name: 'outbox_channel_due_at' });
    await index('outbox', 'user_id');
    await index('outbox', 'expires_at');

    await queryInterface.addColumn('users', 'phone', optional(Sequelize.STRING(16)));
    await queryInterface.addColumn('users', 'language', optional(Sequelize.STRING(35)));
    await index('users', 'phone', { unique: true });
    await allowNoEmail(queryInterface, Sequelize, true);

    // The links of administrators are challenges too. Those that are on their way stay good.
    await queryInterface.sequelize.query(
      `INSERT INTO challenges (id, purpose, latest_of, user_id, link_hash, tries, created_at, expires_at)
        SELECT user_id, 'password_reset', ${concat(queryInterface, "'password_reset user:'", 'user_id')},
          user_id, hash, 0, created_at, expires_at
        FROM password_reset_tokens`,
    );
    await queryInterface.dropTable('password_reset_tokens');

    function index(table, column, more = {}) {
      return queryInterface.addIndex(table, [column], { name: `${table}_${column}`, ...more });
    }
  },

  async down(queryInterface, Sequelize) {
    const date = { type: Sequelize.DATE(3), allowNull: false };
    await queryInterface.createTable(
      'password_reset_tokens',
      {
        user_id: {
          type: Sequelize.STRING(36),
          primaryKey: true,
          references: { model: 'users', key: 'id' },
          onDelete: 'CASCADE',
        },
        hash: { type: Sequelize.STRING(64), allowNull: false },
        created_at: date,
        expires_at: date,
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    for (const [column, options] of [
      ['hash', { unique: true }],
      ['expires_at', {}],
    ]) {
      const name = `password_reset_tokens_${column}`;
      await queryInterface.addIndex('password_reset_tokens', [column], { name, ...options });
    }
    // Nobody could sign in to them any more.
    await queryInterface.bulkDelete('users', { email: null });
    await allowNoEmail(queryInterface, Sequelize, false);
    await queryInterface.removeIndex('users', 'users_phone');
    for (const column of ['phone', 'language']) {
      await queryInterface.sequelize.query(`ALTER TABLE users DROP COLUMN ${column}`);
    }
    for (const table of ['outbox', 'counts', 'challenges']) await queryInterface.dropTable(table);
  },
};

/**
 * SQLite cannot change a column, and making the table anew would empty all that refer to it. A constraint is no part of
 * the rows, so it is enough to change the text of the table's definition (sqlite.org/lang_altertable.html, section 7).
 */
async function allowNoEmail(queryInterface, Sequelize, allowNull) {
  const { sequelize } = queryInterface;
  if (sequelize.getDialect() !== 'sqlite') {
    for (const column of ['email', 'email_canonical']) {
      const charset = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };
      await queryInterface.changeColumn('users', column, {
        type: Sequelize.STRING(254),
        allowNull,
        ...charset,
      });
    }
    return;
  }
  const [strict, lenient] = ['VARCHAR(254) NOT NULL', 'VARCHAR(254)'];
  const [from, to] = allowNull ? [strict, lenient] : [lenient, strict];
  const [[{ schema_version: version }]] = await sequelize.query('PRAGMA schema_version');
  await sequelize.query('PRAGMA writable_schema = ON');
  try {
    for (const column of ['email', 'email_canonical']) {
      await sequelize.query(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'users'",
        { replacements: [`\`${column}\` ${from}`, `\`${column}\` ${to}`] },
      );
    }
    await sequelize.query(`PRAGMA schema_version = ${version + 1}`);
  } finally {
    await sequelize.query('PRAGMA writable_schema = OFF');
  }
}

/** MySQL takes || for OR. */
function concat(queryInterface, left, right) {
  return queryInterface.sequelize.getDialect() === 'sqlite'
    ? `${left} || ${right}`
    : `CONCAT(${left}, ${right})`;
}
