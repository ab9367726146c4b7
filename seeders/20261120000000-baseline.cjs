'use strict';

const { insertBaseline } = require('../config/baseline.cjs');

/** The service's own roles and permissions, where somebody has deleted some. Undoing it would lock everybody out. */
module.exports = {
  async up(queryInterface) {
    await insertBaseline(queryInterface, new Date());
  },

  async down() {},
};
