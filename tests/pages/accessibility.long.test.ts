import './accessibility.test.ts';
