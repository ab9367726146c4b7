import './parallel-guesses.test.ts';
