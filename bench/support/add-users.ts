import type { Connection, RowDataPacket } from 'mysql2/promise';
import { EMAIL } from './services.ts';

/** One transaction holds no more than this. */
const ROWS_AT_ONCE = 100_000;
const PLACES = [0, 1, 2, 3, 4];
const DIGIT = `(${Array.from({ length: 10 }, (_digit, value) => `SELECT ${value} AS digit`).join(' UNION ALL ')})`;
const NUMBER = PLACES.map((place) => `${10 ** place} * place${place}.digit`).join(' + ');
const NUMBERS = PLACES.map((place) => `${DIGIT} AS place${place}`).join(' CROSS JOIN ');

/**
 * Adds people to person 0 until there are the given number, all with that one's password. The database makes the rows itself: a
 * million sign-ups would take the better part of an hour.
 */
export async function addUsers(administrator: Connection, database: string, users: number): Promise<void> {
  await administrator.query(`USE ${database}`);
  const [people] = await administrator.query<RowDataPacket[]>('SELECT password_hash, created_at FROM users');
  const [hash, at] = [people[0]?.password_hash, people[0]?.created_at];
  await administrator.query('SET unique_checks = 0');
  for (let first = 0; first < users; first += ROWS_AT_ONCE) {
    await administrator.query(
      `INSERT INTO users (id, email, email_canonical, username, username_canonical, name, password_hash,
                          created_at, updated_at)
       SELECT CONCAT('01900000-0000-7000-8000-', LPAD(LOWER(HEX(number)), 12, '0')),
              REPLACE(?, '{{n}}', number), REPLACE(?, '{{n}}', number),
              CONCAT('person_', number), CONCAT('person_', number), 'A person', ?, ?, ?
       FROM (SELECT ${first} + ${NUMBER} AS number FROM ${NUMBERS}) AS numbers
       WHERE number BETWEEN 1 AND ?`,
      [EMAIL, EMAIL, hash, at, at, users - 1],
    );
  }
  await administrator.query('SET unique_checks = 1');
  await administrator.query('ANALYZE TABLE users');
}
