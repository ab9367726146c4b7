import './two-processes.test.ts';
