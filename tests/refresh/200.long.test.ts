import './200.test.ts';
