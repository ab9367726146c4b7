import './never-missed.test.ts';
