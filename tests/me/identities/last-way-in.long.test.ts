import './last-way-in.test.ts';
