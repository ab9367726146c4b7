import './hash-workers.test.ts';
