import './sharing-a-database.test.ts';
