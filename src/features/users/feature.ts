import { maxForeignCost } from '../../core/passwords/stored-costs.ts';
import { feature } from '../feature.ts';
import { createImport } from './import.ts';
import { userRoutes } from './routes.ts';
import { createUserAdmin } from './users.ts';

/** The administration of users. */
export const users = feature({
  routes: userRoutes,
  create({ config, store, passwords, sessions, storedCosts, factorSeal, clock }) {
    return {
      services: {
        userAdmin: createUserAdmin({ store, passwords, sessions, clock }),
        importUsers: createImport({
          store,
          clock,
          seal: factorSeal,
          maxHashCost: maxForeignCost(config.passwords.bcryptCost),
          onHash: (cost) => storedCosts.note(cost, false),
        }),
      },
    };
  },
});
