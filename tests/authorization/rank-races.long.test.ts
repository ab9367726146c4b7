import './rank-races.test.ts';
