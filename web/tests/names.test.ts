import { expect, test } from 'vitest';
import { EXAMPLES, labelOf, NEW } from '../src/page/examples';
import { completed, nameProblem } from '../src/page/names';

test.each(['a.dsp', 'été 2.dsp', 'v1.2.dsp', 'a-b_c.dsp'])('%j is a name', (name) => {
  expect(nameProblem(name)).toBeNull();
});

test.each([
  ['', /ends in .dsp/],
  ['.dsp', /ends in .dsp/],
  ['..dsp', /ends in .dsp/],
  ['mine.lib', /ends in .dsp/],
  ['mine.dsp.', /ends in .dsp/],
  ['../mine.dsp', /ends in .dsp/],
  ['a/mine.dsp', /has none of/],
  ['a\\b.dsp', /has none of/],
  ['a\n.dsp', /ends in .dsp|has none of/],
  ['a\0.dsp', /has none of/],
  [`${'x'.repeat(200)}.dsp`, /at most/],
  ['taken.dsp', /added file/],
])('%j is no name', (name, why) => {
  expect(nameProblem(name, ['taken.dsp'])).toMatch(why);
});

test('the end of a name goes without saying, but no other end is changed', () => {
  expect(['  mine ', 'mine.dsp', 'mine.lib', ' '].map(completed)).toEqual([
    'mine.dsp',
    'mine.dsp',
    'mine.lib',
    '',
  ]);
});

test('no two examples are called the same, and each has a name that a file can have', () => {
  const labels = EXAMPLES.map(labelOf);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels).toContain('lowpass');
  expect(labels).toContain('lowpass (learning)');
  for (const { name } of [NEW, ...EXAMPLES]) expect(nameProblem(name)).toBeNull();
});

test('the menu can tell examples by their texts', () => {
  const texts = [NEW, ...EXAMPLES].map(({ source }) => source);
  expect(new Set(texts).size).toBe(texts.length);
});
