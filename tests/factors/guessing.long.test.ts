import './guessing.test.ts';
