import './parallel-signups.test.ts';
