'use strict';

const PORTION_ROWS = 1_000;

/**
 * Which API keys name a permission in their scope: when it is deleted they lose it. Names of permissions that are not
 * there any more go from the scopes.
 */
module.exports = {
  async up(queryInterface, Sequelize) {
    const { sequelize } = queryInterface;
    await queryInterface.createTable(
      'api_key_permissions',
      {
        api_key_id: {
          type: Sequelize.STRING(36),
          primaryKey: true,
          references: { model: 'api_keys', key: 'id' },
          onDelete: 'CASCADE',
        },
        permission: {
          type: Sequelize.STRING(128),
          primaryKey: true,
          references: { model: 'permissions', key: 'name' },
          onDelete: 'CASCADE',
        },
      },
      { charset: 'utf8mb4', collate: 'utf8mb4_bin' },
    );
    await queryInterface.addIndex('api_key_permissions', ['permission'], {
      name: 'api_key_permissions_permission',
    });

    const select = (sql, replacements) =>
      sequelize.query(sql, { replacements, type: Sequelize.QueryTypes.SELECT });
    const known = new Set((await select('SELECT name FROM permissions')).map(({ name }) => name));
    let after = '';
    for (;;) {
      const keys = await select(
        `SELECT id, scope FROM api_keys WHERE id > :after AND scope <> '' ORDER BY id LIMIT ${PORTION_ROWS}`,
        { after },
      );
      if (keys.length === 0) return;
      const rows = [];
      for (const { id, scope } of keys) {
        const names = [...new Set(scope.split(' '))];
        const kept = names.filter((name) => known.has(name));
        rows.push(...kept.map((permission) => ({ api_key_id: id, permission })));
        if (kept.length === names.length) continue;
        const replacements = { id, scope: kept.join(' ') };
        await sequelize.query('UPDATE api_keys SET scope = :scope WHERE id = :id', { replacements });
      }
      if (rows.length > 0) await queryInterface.bulkInsert('api_key_permissions', rows);
      after = keys.at(-1).id;
    }
  },

  async down(queryInterface) {
    await queryInterface.dropTable('api_key_permissions');
  },
};
