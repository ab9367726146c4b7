import { literal, Op } from 'sequelize';
import type { IdentifierKind, LoginFailureStore, LoginFailures } from '../accounts/ports.ts';
import { isUniqueViolation } from './errors.ts';
import { removeInPortions } from './portions.ts';
import type { LoginFailuresRow } from './rows.ts';
import type { Scope } from './scope.ts';

const IS_NOBODYS = literal('NOT EXISTS (SELECT 1 FROM users WHERE users.id = login_failures.account)');

/** Wrong passwords in a row, in the table `login_failures`. */
export function createLoginFailureStore({ models, transaction, run, write }: Scope): LoginFailureStore {
  const { loginFailures } = models;

  async function find(account: string, device: string): Promise<LoginFailures | null> {
    const row = await run(() =>
      loginFailures.findOne({ where: { account, device }, transaction, raw: true }),
    );
    return row === null ? null : toLoginFailures(row);
  }

  async function replace(from: LoginFailures | null, to: LoginFailures): Promise<boolean> {
    return from === null ? insert(to) : update(from, to);
  }

  async function insert(to: LoginFailures): Promise<boolean> {
    try {
      await write(() => loginFailures.create({ ...to }, { transaction }));
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  async function update({ account, device, failures }: LoginFailures, to: LoginFailures): Promise<boolean> {
    const where = { account, device, failures };
    const [affected] = await write(() => loginFailures.update(to, { where, transaction }));
    return affected === 1;
  }

  async function takeBack(account: string, device: string, kind: IdentifierKind): Promise<void> {
    const counter = kind === 'email' ? 'emailFailures' : 'usernameFailures';
    const where = { account, device, failures: { [Op.gt]: 0 }, [counter]: { [Op.gt]: 0 } };
    await write(() => loginFailures.decrement(['failures', counter], { where, transaction }));
  }

  return {
    find,
    replace,
    takeBack,
    async clear(account, device) {
      await write(() => loginFailures.destroy({ where: { account, device }, transaction }));
    },
    async clearAccount(account) {
      return write(() => loginFailures.destroy({ where: { account }, transaction }));
    },
    async prune(before) {
      const where = { failedAt: { [Op.lt]: before }, [Op.and]: IS_NOBODYS };
      await removeInPortions((limit) => write(() => loginFailures.destroy({ where, limit, transaction })));
    },
  };
}

/** SQLite gives the times of raw rows as text. */
function toLoginFailures(row: LoginFailuresRow): LoginFailures {
  return {
    ...row,
    failedAt: new Date(row.failedAt),
    emailFailedAt: row.emailFailedAt && new Date(row.emailFailedAt),
    usernameFailedAt: row.usernameFailedAt && new Date(row.usernameFailedAt),
  };
}
