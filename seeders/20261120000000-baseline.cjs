'use strict';

const { insertBaseline } = require('../config/baseline.cjs');

/** Restores the service's own roles and permissions where they were deleted. Undoing it would lock everybody out. */
module.exports = {
  async up(queryInterface) {
    await insertBaseline(queryInterface, new Date());
  },

  async down() {},
};
