import { onEachDatabase } from '../support/databases.ts';
import { tryPlans } from '../support/plan-suite.ts';

onEachDatabase((kind) => tryPlans(kind, 5_000));
