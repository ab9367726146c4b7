import './postman.test.ts';
