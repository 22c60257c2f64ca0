import { expect, test } from 'vitest';
import type { Check } from '../src/engine/protocol';
import { legend, setting, summary } from '../src/views/verdicts';

/** A check with a verdict for each derivative, which was worst at the first setting. */
const check = (verdicts: Record<string, string>, settings = 3): Check => ({
  verdicts: [],
  derivatives: Object.entries(verdicts).map(([name, verdict], output) => ({
    ...{ name, verdict, output, path: `/${name}`, label: name, point: 0 },
    ...{ error: 0, tolerance: 0, sample: null },
  })),
  badges: [],
  points: Array.from({ length: settings }, () => ({})),
  ...{ frames: 2205, rate: 44100, remarks: [], passed: true },
});

test('what agrees is counted', () => {
  const both = check({ 'dy/da': 'agrees', 'dy/db': 'agrees' });
  expect(summary(both)).toEqual({
    first: '2 of 2 derivatives agree, each at 3 settings of the sliders.',
    others: [],
  });
  const first = 'The derivative agrees, at 1 setting of the sliders.';
  expect(summary(check({ 'dy/da': 'agrees' }, 1)).first).toBe(first);
});

test('what does not agree is named, the worst first, with its place and what it means', () => {
  const verdicts = { 'dy0/da': 'zero', 'dy0/db': 'agrees', 'dy1/da': 'mismatch', 'dy1/db': 'zero' };
  const { first, others } = summary(check(verdicts));
  expect(first).toBe(
    '1 of 2 derivatives agrees (2 others are zero), each at 3 settings of the sliders.',
  );
  expect(others.map(({ verdict }) => verdict)).toEqual(['mismatch', 'zero']);
  expect(others[0]?.told).toMatch(/^dy1\/da at setting 1 – the derivative is wrong/);
  expect(others[1]?.told).toMatch(/^dy0\/da and dy1\/db – /);
});

test('where all is zero, nothing agrees', () => {
  expect(summary(check({ 'dy/da': 'zero' })).first).toBeNull();
  expect(summary(check({}))).toEqual({ first: null, others: [] });
});

test('of many the first ones are named', () => {
  const many = Object.fromEntries(
    'a b c d e f g h'.split(' ').map((name) => [`dy/d${name}`, 'kink']),
  );
  expect(summary(check(many, 1)).others[0]?.told).toMatch(/^dy\/da, .*dy\/df and 2 more – /);
});

test('a setting has the values of the sliders, by their paths where labels are alike', () => {
  expect(setting({})).toBe('the initial values');
  expect(setting({ '/a/gain': 0.5, '/a/fc': 1234.5678 })).toBe('gain = 0.5, fc = 1234.57');
  expect(setting({ '/a/gain': 0.5, '/b/gain': 1 })).toBe('/a/gain = 0.5, /b/gain = 1');
});

test('what a sample is is told where there is one', () => {
  const found = check({ 'dy/da': 'jump' });
  expect(legend(found)).not.toContain('The sample');
  const verdicts = found.derivatives.map((one) => ({ ...one, sample: 7 }));
  expect(legend({ ...found, verdicts })).toContain('The sample');
});
