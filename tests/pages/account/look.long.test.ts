import './look.test.ts';
