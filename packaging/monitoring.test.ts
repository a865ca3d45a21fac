// The dashboard and the alert rules ask for what the director tells, and for nothing else.
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { commands } from '../director/cli/commands.ts';
import { renderMetrics } from '../webui/metrics/core/render.ts';
import { examplePicture } from '../webui/metrics/support/example.ts';
import { parseExposition } from '../webui/metrics/support/exposition.ts';

const read = (name: string) => fs.readFileSync(new URL(name, import.meta.url), 'utf8');
const metrics = parseExposition(renderMetrics(examplePicture()));
/** What Prometheus itself adds. */
const ADDED = ['instance', 'job'];

/** Label names of a metric, with every value that the full example has. */
function labelsOf(metric: string): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>(ADDED.map((name) => [name, new Set()]));
  for (const sample of metrics.get(metric)?.samples ?? [])
    for (const [name, value] of Object.entries(sample.labels))
      labels.set(name, (labels.get(name) ?? new Set()).add(value));
  return labels;
}

const KEYWORDS = /\b(?:and|or|unless|by|without|on|ignoring|group_left|group_right|bool|offset)\b/g;
const FIXED = ['state', 'role', 'quantile', 'what', 'reason', 'group', 'table'];

/** Faults of a query: unknown metrics, labels and states, counters that are not made into rates. */
function faultsOf(query: string): string[] {
  const selectors = [...query.matchAll(/\b([a-z_]+[a-z0-9_]*)\{([^}]*)\}/g)];
  return [
    ...selectors.flatMap(([, metric = '', matchers = '']) =>
      [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].flatMap(
        ([, label = '', operator = '', value = '']) =>
          matcherFaults(metric, label, operator.includes('~') ? value.split('|') : [value]),
      ),
    ),
    ...nameFaults(query),
  ];
}

function matcherFaults(metric: string, label: string, wanted: readonly string[]): string[] {
  const values = labelsOf(metric).get(label);
  if (values === undefined) return [`${metric} has no ${label}`];
  if (metric === 'up' || wanted[0]?.startsWith('$') || !FIXED.includes(label)) return [];
  return wanted.filter((each) => !values.has(each)).map((each) => `${metric} never has ${label}="${each}"`);
}

function nameFaults(query: string): string[] {
  const bare = query
    .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, '')
    .replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '')
    .replace(KEYWORDS, '');
  return [...bare.matchAll(/\b([a-z_][a-z0-9_]*)\b\s*(\()?/gi)].flatMap(([, name = '', call]) => {
    if (call !== undefined || name === 'up') return [];
    const metric = metrics.get(name);
    if (metric === undefined) return [`there is no ${name}`];
    const isRate = new RegExp(`\\b(rate|increase)\\(${name}\\b`).test(query);
    return metric.type === 'counter' && !isRate ? [`${name} is a counter`] : [];
  });
}

/** Labels that the samples of a query can have. */
function resultLabels(query: string): Set<string> {
  const by = /\bby\s*\(([^)]*)\)/.exec(query)?.[1];
  if (by !== undefined) return new Set(by.split(',').map((name) => name.trim()));
  const names = [...query.matchAll(/\b(?:fairlead_[a-z0-9_]+|up)\b/g)].map(([name]) => name);
  return new Set(names.flatMap((name) => [...labelsOf(name).keys()]));
}

describe('a query', () => {
  it.each([
    ['fairlead_nothing > 1', 1],
    ['fairlead_up{colour="red"}', 1],
    ['fairlead_store_state{state="lost"}', 1],
    ['fairlead_engine_packets_total', 1],
    ['rate(fairlead_engine_packets_total[5m]) / fairlead_up', 0],
    ['sum by (instance) (fairlead_role{role=~"active|standby"}) == 1 and on (instance) fairlead_up', 0],
  ])('such as %s has its faults found', (query, count) => expect(faultsOf(query)).toHaveLength(count));
});

describe('the alert rules', () => {
  const ruleSchema = z.strictObject({
    alert: z.string().regex(/^Fairlead[A-Za-z]+$/),
    expr: z.string().min(1),
    for: z
      .string()
      .regex(/^[1-9]\d*[smhd]$/)
      .optional(),
    labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
    annotations: z.strictObject({
      summary: z.string().min(10),
      description: z.string().min(10),
      runbook: z.string().min(10),
    }),
  });
  const fileSchema = z.strictObject({
    groups: z.array(
      z.strictObject({ name: z.string().regex(/^fairlead-[a-z]+$/), rules: z.array(ruleSchema).min(1) }),
    ),
  });
  const { groups } = fileSchema.parse(parse(read('alerts/fairlead.yaml')));
  const rules = groups.flatMap((group) => group.rules);

  it('have names of their own', () => {
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
    expect(new Set(groups.map((group) => group.name)).size).toBe(groups.length);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))('of %s ask for what there is', (_, rule) => {
    expect(faultsOf(rule.expr)).toEqual([]);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    'of %s name labels and commands that there are',
    (_, rule) => {
      const labels = resultLabels(rule.expr);
      const text = Object.values(rule.annotations).join(' ');
      for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) expect(labels).toContain(label);
      for (const [, command = ''] of text.matchAll(/"fairlead ([a-z-]+)/g))
        expect(commands.map((each) => each.name)).toContain(command);
      for (const [, metric = ''] of text.matchAll(/"(fairlead_[a-z_]+)"/g))
        expect(metrics.has(metric)).toBe(true);
      expect(
        text.replace(/\{\{ \$(?:labels\.\w+|value(?: \| humanize(?:Percentage)?)?) \}\}/g, ''),
      ).not.toMatch(/[{}]/);
    },
  );

  it('cover what may not go unseen', () => {
    const names = rules.filter((rule) => rule.labels.severity === 'critical').map((rule) => rule.alert);
    for (const each of [
      'NoActive',
      'TwoActive',
      'PeerLost',
      'SyncAlone',
      'ServiceDown',
      'TableFull',
      'ConsoleAway',
    ])
      expect(names).toContain(`Fairlead${each}`);
  });
});

describe('the dashboard', () => {
  const target = z.looseObject({ refId: z.string(), expr: z.string(), legendFormat: z.string() });
  const panelSchema = z.looseObject({
    id: z.number(),
    type: z.string(),
    title: z.string().min(1),
    gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
    targets: z.array(target).default([]),
  });
  const dashboard = z
    .looseObject({
      uid: z.string(),
      panels: z.array(panelSchema),
      templating: z.object({
        list: z.array(z.looseObject({ name: z.string(), definition: z.string().optional() })),
      }),
      annotations: z.object({ list: z.array(z.looseObject({ expr: z.string() })) }),
    })
    .parse(JSON.parse(read('grafana/fairlead.json')));
  const { panels, templating, annotations } = dashboard;
  const queries = panels.flatMap((panel) => panel.targets.map((each) => [panel.title, each] as const));

  it.each(queries)(
    'asks in %s for what there is, and names it by labels that it has',
    (_, { expr, legendFormat }) => {
      expect(faultsOf(expr)).toEqual([]);
      const labels = resultLabels(expr);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(labels).toContain(label);
    },
  );

  it('asks elsewhere for what there is, with variables that it has', () => {
    for (const { expr } of annotations.list) expect(faultsOf(expr)).toEqual([]);
    for (const { definition } of templating.list)
      if (definition !== undefined)
        expect(faultsOf(/^label_values\((.*), \w+\)$/.exec(definition)?.[1] ?? 'nothing')).toEqual([]);
    const names = templating.list.map((each) => each.name);
    for (const [, name = ''] of read('grafana/fairlead.json').matchAll(/\$\{?(\w+)/g))
      expect([...names, '__rate_interval', '__all']).toContain(name);
  });

  it('has a place for every panel, and none for two', () => {
    expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
    for (const [index, { gridPos: one }] of panels.entries()) {
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      for (const { gridPos: other } of panels.slice(index + 1))
        expect(
          one.x + one.w <= other.x ||
            other.x + other.w <= one.x ||
            one.y + one.h <= other.y ||
            other.y + other.h <= one.y,
        ).toBe(true);
    }
  });

  it('has a row for each part', () => {
    expect(panels.filter((panel) => panel.type === 'row').map((panel) => panel.title)).toEqual([
      ...['Overview', 'Services', 'Real servers', 'Pair', 'Engine and processes'],
    ]);
  });
});
