/** Who may import whom. docs/ARCHITECTURE.md says why; `npm run lint` enforces it. */

const FEATURES = '^src/(accounts|api-keys|audit|clients|oauth|revocations|roles|health|docs|metrics)/';
/** What every feature may use. */
const SHARED_BY_FEATURES =
  '^src/(tokens|sessions|passwords|http)/|^src/(errors|quota|caller|ledger|clock|logger|ids)\\.ts$';
const ADAPTERS = '^src/(db|redis)/';

/** `package` may be imported from files that match `where` and from nowhere else. */
const only = (package, where) => ({
  name: `${package}-only-in-its-place`,
  comment: `${package} is an implementation detail of ${where}`,
  severity: 'error',
  from: { path: '^src/', pathNot: where },
  to: { path: `(^|/)node_modules/(@types/)?${package}/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-imports-the-top',
      comment: 'these put the parts together; a part that knows them cannot be used alone',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(server|serve|supervise|assemble)\\.ts$' },
      to: { path: '^src/(server|serve|supervise|keys|admin|assemble|app)\\.ts$' },
    },
    {
      name: 'features-stand-alone',
      comment:
        'a feature uses tokens, sessions, passwords, http and errors, never another feature or an adapter',
      severity: 'error',
      from: { path: `${FEATURES}(?!node_modules)` },
      to: { path: '^src/', pathNot: `${SHARED_BY_FEATURES}|^src/$1/` },
    },
    {
      name: 'shared-parts-know-no-feature',
      severity: 'error',
      from: { path: SHARED_BY_FEATURES },
      to: { path: `${FEATURES}|${ADAPTERS}` },
    },
    {
      name: 'adapters-know-port-types-only',
      comment: 'an adapter implements the port types of a feature and knows nothing else of it',
      severity: 'error',
      from: { path: ADAPTERS },
      to: { path: `${FEATURES}|^src/(http|sessions|passwords|tokens)/`, pathNot: '/ports\\.ts$' },
    },
    {
      name: 'the-verifier-stands-alone',
      comment: 'other services install it: it knows nothing of this one and needs no package',
      severity: 'error',
      from: { path: '^verifier/src/' },
      to: { pathNot: '^verifier/src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'the-service-takes-the-core-of-the-verifier',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^verifier/', pathNot: '^verifier/dist/core\\.' },
    },
    only('express', '^src/app\\.ts$|^src/http/|/routes\\.ts$'),
    only('sequelize', '^src/db/'),
    only('jsonwebtoken', '^src/tokens/'),
    only('bcrypt', '^src/passwords/'),
    only('piscina', '^src/passwords/'),
    only('ioredis', '^src/redis/'),
    only('rate-limiter-flexible', '^src/redis/'),
    only('prom-client', '^src/metrics/'),
    only('dotenv', '^src/config\\.ts$'),
    {
      name: 'no-development-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|^verifier/dist' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
