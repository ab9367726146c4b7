import './bodies.test.ts';
