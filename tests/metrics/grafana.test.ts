import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { useApp } from '../support/app.ts';
import { databaseKinds } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { parseMetrics } from '../support/scrape.ts';

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const read = (name: string) => readFileSync(new URL(`../../deploy/grafana/${name}`, import.meta.url), 'utf8');
const dashboard: Dashboard = JSON.parse(read('latchkey.json'));
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
const rules: Rule[] = parse(read('alerts.yaml')).groups.flatMap((group: { rules: Rule[] }) => group.rules);

/** Prometheus itself puts these on every sample. */
const LABELS_OF_PROMETHEUS = ['job', 'instance'];

/** Grafana puts in how far apart the points are. */
const VARIABLES_OF_GRAFANA = ['__rate_interval'];

/** Metrics that are not always there: what makes the app below show them, or why it cannot. */
const NOT_ALWAYS = {
  // Only with REDIS_URL: one that does not answer is shown too, as 0.
  latchkey_redis_up: { env: { REDIS_URL: 'redis://127.0.0.1:1' }, excused: false },
  // Only MySQL has a pool, and this run may have none.
  latchkey_database_connections: { env: {}, excused: !databaseKinds.includes('MySQL') },
};

/** The second login is one too many, so that there is a 429. */
const env = { ...NOT_ALWAYS.latchkey_redis_up.env, RATE_LIMIT_LOGIN_IP: '1/60' };

describe('The Grafana dashboard and the alerts', () => {
  const app = useApp(databaseKinds.includes('MySQL') ? 'MySQL' : 'SQLite', env);
  /** By the name of each metric that a scrape shows: its labels. */
  const shown = new Map<string, Set<string>>();

  beforeAll(async () => {
    const { email, password, refreshToken } = await signUp(app);
    await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    await app.post('/login').send({ email, password }).expect(200);
    await app.post('/login').send(aPerson()).expect(429);
    for (const { name, labels } of parseMetrics(await app.scrape())) {
      shown.set(name, new Set([...(shown.get(name) ?? []), ...Object.keys(labels)]));
    }
  });

  /** What is wrong with an expression: metrics and labels that no scrape shows. */
  function faultsOf(expression: string): string[] {
    const { metrics, groupings } = readExpression(expression);
    const faults = metrics.length === 0 ? [`${expression} names no metric`] : [];
    for (const { name, labels } of metrics) {
      if (isExcused(name)) continue;
      const known = shown.get(name);
      if (known === undefined) faults.push(`${name} does not exist`);
      const missing = [...labels, ...groupings].filter(
        (label) => !known?.has(label) && !LABELS_OF_PROMETHEUS.includes(label),
      );
      faults.push(...missing.map((label) => `${name} has no label ${label}`));
    }
    return faults;
  }

  it('use only metrics that the service shows, and labels that these have', () => {
    expect(targets.length).toBeGreaterThan(15);
    expect(rules).toHaveLength(10);
    expect(targets.flatMap(({ expr }) => faultsOf(expr))).toEqual([]);
    expect(rules.flatMap(({ expr }) => faultsOf(expr))).toEqual([]);
  });

  it('fill their variables from metrics and labels that exist', () => {
    const definitions = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    const read = definitions.map((text) => /^label_values\((.*), (\w+)\)$/.exec(text) ?? []);

    expect(definitions).toHaveLength(2);
    for (const [, selector = '', label] of read) {
      expect(faultsOf(`sum by (${label}) (${selector})`)).toEqual([]);
    }
  });

  it('would be told of a metric and of labels that do not exist', () => {
    const wrong =
      'sum by (path) (rate(latchkey_nothing{job="x"}[5m])) / sum(latchkey_hash_running{state="y"})';

    expect(faultsOf(wrong)).toEqual([
      'latchkey_nothing does not exist',
      'latchkey_nothing has no label path',
      'latchkey_hash_running has no label state',
      'latchkey_hash_running has no label path',
    ]);
  });

  it('name in legends and messages only labels that the expression leaves', () => {
    const written = [
      ...targets.map(({ expr, legendFormat }) => ({ expr, text: legendFormat, label: /\{\{(\w+)\}\}/g })),
      ...rules.map(({ expr, annotations }) => ({
        expr,
        text: Object.values(annotations).join(' '),
        label: /\$labels\.(\w+)/g,
      })),
    ];
    for (const { expr, text, label } of written) {
      const named = [...text.matchAll(label)].map(([, name]) => name);
      expect(readExpression(expr).groupings).toEqual(expect.arrayContaining(named));
    }
  });

  it('show every metric of the service itself', () => {
    const used = [...targets, ...rules].flatMap(({ expr }) =>
      readExpression(expr).metrics.map(({ name }) => name),
    );
    const own = [...shown.keys()]
      .filter((name) => /^(latchkey|http)_/.test(name))
      .map((name) => name.replace(/_(sum|count|bucket)$/, ''));

    expect(own.filter((name) => !used.some((other) => other.startsWith(name)))).toEqual([]);
  });
});

describe('The Grafana dashboard', () => {
  it('asks the data source that is chosen, and knows every variable that it uses', () => {
    const known = [...dashboard.templating.list.map(({ name }) => name), ...VARIABLES_OF_GRAFANA];
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);

    expect(targets.filter(({ datasource }) => !/^\$\{datasource\}$/.test(datasource.uid))).toEqual([]);
    expect(used.filter((name) => !known.includes(name) && name !== '__all')).toEqual([]);
  });

  it('has a row for traffic, logins and hashing, revocation and dependencies, messages, and the process', () => {
    const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);

    expect(rows).toEqual([
      'Traffic',
      'Logins and hashing',
      'Revocation and dependencies',
      'Messages',
      'Process',
    ]);
  });

  it('has panels that do not lie on one another', () => {
    const places = dashboard.panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => ({
        title,
        place: `${x + (cell % w)},${y + Math.floor(cell / w)}`,
      })),
    );

    expect(new Set(places.map(({ place }) => place)).size).toBe(places.length);
    expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

function isExcused(name: string): boolean {
  return name in NOT_ALWAYS && NOT_ALWAYS[name as keyof typeof NOT_ALWAYS].excused;
}

const OPERATORS = ['and', 'or', 'unless', 'bool', 'on', 'ignoring', 'offset'];

/** The metrics of a PromQL expression, each with the labels it is selected by, and the labels that are grouped by. */
function readExpression(expression: string) {
  const groupings: string[] = [];
  const rest = expression
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_all, labels: string) => {
      groupings.push(...labels.split(',').map((label) => label.trim()));
      return '';
    });
  const names = [...rest.matchAll(/([A-Za-z_]\w*)\s*(\(|\{[^}]*\})?/g)];
  const metrics = names
    .filter(([, name = '', next]) => next !== '(' && !OPERATORS.includes(name))
    .map(([, name = '', selector = '']) => ({
      name,
      labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
    }));
  return { metrics, groupings };
}
