import './sequelize-cli.test.ts';
