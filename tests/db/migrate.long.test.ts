import './migrate.test.ts';
