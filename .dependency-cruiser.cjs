/** Who may import whom. docs/ARCHITECTURE.md says why; `npm run lint` enforces it. */

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
      from: { path: '^src/', pathNot: '^src/(main\\.ts$|app\\.ts$|runtime/|cli/)' },
      to: { path: '^src/(main\\.ts$|app\\.ts$|runtime/|cli/)' },
    },
    {
      name: 'features-stand-alone',
      comment:
        'what two features need is in core/; what one does when something happens in another is an event',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/[^/]+/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'the-core-knows-no-feature-and-no-http',
      severity: 'error',
      from: { path: '^src/(core|db|redis|config)/' },
      to: { path: '^src/(features|http)/' },
    },
    {
      name: 'messages-leave-by-channels',
      comment: 'the core writes messages down, and src/runtime gives it what takes them to people',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(mail|sms|runtime)/' },
      to: { path: '^src/(mail|sms)/' },
    },
    {
      name: 'channels-know-messages-only',
      severity: 'error',
      from: { path: '^src/(mail|sms)/' },
      to: { path: '^src/', pathNot: '^src/(mail|sms|config|templates)/|^src/core/messages/message\\.ts$' },
    },
    {
      name: 'pages-get-their-look-at-the-top',
      comment: 'features name pages, and src/runtime gives the core what makes them',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(pages|runtime)/' },
      to: { path: '^src/pages/' },
    },
    {
      name: 'the-look-of-pages-knows-words-only',
      severity: 'error',
      from: { path: '^src/pages/' },
      to: {
        path: '^src/',
        pathNot: '^src/(pages|templates|config)/|^src/core/(pages|errors|values/.*)\\.ts$',
      },
    },
    {
      name: 'pages-run-routes',
      comment: 'what a page shows and does goes through a route of the API, with its guards',
      severity: 'error',
      from: { path: '^src/features/pages/' },
      to: { path: '\\.store\\.ts$|^src/db/|^src/core/stores\\.ts$' },
    },
    {
      name: 'providers-are-opened-at-the-top',
      comment: 'the core knows what a provider does, and src/runtime gives it those that are configured',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(providers|runtime|config)/' },
      to: { path: '^src/providers/' },
    },
    {
      name: 'providers-know-identities-only',
      severity: 'error',
      from: { path: '^src/providers/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(providers|config)/|^src/core/(identities/provider|users/identifiers|values/text|errors|clock)\\.ts$',
      },
    },
    {
      name: 'http-knows-no-feature-and-no-database',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(features|db|redis)/' },
    },
    {
      name: 'connections-know-the-words-of-the-core-only',
      comment: 'the core is made of stores, and stores of connections',
      severity: 'error',
      from: { path: '^src/(db|redis)/' },
      to: {
        path: '^src/core/',
        pathNot: '^src/core/(errors|clock|limits/[^/]+|cookie-sessions/records)\\.ts$',
      },
    },
    {
      name: 'configuration-stands-alone',
      severity: 'error',
      from: { path: '^src/config/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(config/|providers/(table|definition)\\.ts$|core/limits/|core/factors/(factor|policy)\\.ts$|core/tokens/keys\\.ts$)',
      },
    },
    {
      name: 'the-verifier-stands-alone',
      comment: 'other services install it: it knows nothing of this one and needs no package',
      severity: 'error',
      from: { path: '^verifier/src/' },
      to: { pathNot: '^verifier/src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'the-client-stands-alone',
      comment:
        'pages install it: it knows nothing of the service and needs no package, but for the entry for React',
      severity: 'error',
      from: { path: '^client/src/' },
      to: { pathNot: '^client/src/|(^|/)node_modules/(@types/)?react/' },
    },
    {
      name: 'only-its-entry-knows-react',
      severity: 'error',
      from: { path: '^client/src/', pathNot: '^client/src/react\\.ts$' },
      to: { path: '(^|/)node_modules/(@types/)?react/' },
    },
    {
      name: 'the-service-takes-the-core-of-the-verifier',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^verifier/', pathNot: '^verifier/dist/core\\.' },
    },
    only('express', '^src/(http|runtime)/'),
    only('zod-openapi', '^src/http/'),
    only('sequelize', '^src/db/|\\.store\\.ts$'),
    only('sqlite3', '^src/db/'),
    only('jsonwebtoken', '^src/core/tokens/'),
    only('bcrypt', '^src/core/passwords/'),
    only('piscina', '^src/core/passwords/'),
    only('@zxcvbn-ts', '^src/core/passwords/'),
    only('validator', '^src/core/users/'),
    only('libphonenumber-js', '^src/core/users/'),
    only('@simplewebauthn/server', '^src/core/passkeys/'),
    only('ioredis', '^src/redis/'),
    only('cookie', '^src/http/'),
    only('cookie-signature', '^src/http/'),
    only('rate-limiter-flexible', '^src/redis/'),
    only('prom-client', '^src/features/metrics/'),
    only('swagger-ui-dist', '^src/features/docs/'),
    only('nodemailer', '^src/mail/'),
    only('eta', '^src/templates/'),
    only('openid-client', '^src/providers/'),
    only('jose', '^src/providers/'),
    only('dotenv', '^src/config/'),
    only('close-with-grace', '^src/runtime/'),
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
      from: { orphan: true, path: '^src/', pathNot: '^src/pages/static/' },
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
