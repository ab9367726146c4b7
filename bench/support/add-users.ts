import type { Connection } from 'mysql2/promise';
import { EMAIL } from './services.ts';

/** One transaction holds no more than this. */
const ROWS_AT_ONCE = 100_000;
const DIGITS = 5;
const DIGIT = `(${Array.from({ length: 10 }, (_digit, value) => `SELECT ${value} AS digit`).join(' UNION ALL ')})`;

/**
 * Adds people to person 0 until there are so many, all with that one's password. The database makes the rows itself: a
 * million sign-ups would take the better part of an hour.
 */
export async function addUsers(administrator: Connection, database: string, users: number): Promise<void> {
  const places = Array.from({ length: DIGITS }, (_place, place) => place);
  const number = places.map((place) => `${10 ** place} * place${place}.digit`).join(' + ');
  const tables = places.map((place) => `${DIGIT} AS place${place}`).join(' CROSS JOIN ');
  await administrator.query(`USE ${database}`);
  await administrator.query('SET unique_checks = 0');
  for (let first = 0; first < users; first += ROWS_AT_ONCE) {
    await administrator.query(
      `INSERT INTO users (id, email, email_canonical, username, username_canonical, name, password_hash,
                          created_at, updated_at)
       SELECT CONCAT('01900000-0000-7000-8000-', LPAD(LOWER(HEX(number)), 12, '0')),
              REPLACE(?, '{{n}}', number), REPLACE(?, '{{n}}', number),
              CONCAT('person_', number), CONCAT('person_', number), 'A person', password_hash,
              created_at, updated_at
       FROM (SELECT ${first} + ${number} AS number FROM ${tables}) AS numbers
       CROSS JOIN users
       WHERE number BETWEEN 1 AND ? AND email_canonical = REPLACE(?, '{{n}}', 0)`,
      [EMAIL, EMAIL, users - 1, EMAIL],
    );
  }
  await administrator.query('SET unique_checks = 1');
  await administrator.query('ANALYZE TABLE users');
}
