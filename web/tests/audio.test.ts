import { expect, test } from 'vitest';
import { SIGNALS, testSignal } from '../src/audio/signals';
import { Presses } from '../src/audio/presses';
import { Values, type Moved } from '../src/audio/values';
import { descriptionOf, keyOf, positionOf, valueAt } from '../src/audio/widgets';
import { peak, Scale, trigger } from '../src/draw/scope';
import { significant } from '../src/views/numbers';
import { pairs } from '../src/views/pairs';
import { isDerivative, variableOf } from '../src/views/variables';

const RATE = 48_000;

test.each(SIGNALS)('%s is finite, not silent, and not too loud', (signal) => {
  const samples = testSignal(signal, RATE);
  expect(peak(samples)).toBeGreaterThan(0.2);
  expect(peak(samples)).toBeLessThanOrEqual(1);
  expect(samples.every(Number.isFinite)).toBe(true);
});

test('the sine has no seam', () => {
  const samples = testSignal('sine', RATE);
  const step = (at: number) => (samples[at] ?? 0) - (samples.at(at - 1) ?? 0);
  expect(step(0)).toBeCloseTo(step(1), 5);
});

test('the sweep stays below half the rate, and rises', () => {
  const samples = testSignal('sweep', 22_050);
  const crossings = (from: number, to: number) =>
    samples.slice(from, to).filter((value, at, all) => value >= 0 !== (all[at - 1] ?? 0) >= 0)
      .length;
  const half = samples.length / 2;
  expect(crossings(0, half)).toBeLessThan(crossings(half, samples.length) / 4);
});

const json = JSON.stringify({
  size: 10,
  inputs: 1,
  outputs: 2,
  compile_options: '-single',
  ui: [
    {
      type: 'vgroup',
      label: 'synth',
      items: [
        {
          type: 'hslider',
          label: 'cutoff',
          address: '/synth/target/filter/cutoff',
          index: 12,
          meta: [{ scale: 'log' }, { unit: 'Hz' }],
          ...{ init: 1000, min: 50, max: 15000, step: 1 },
        },
        {
          type: 'hbargraph',
          label: 'cutoff',
          address: '/synth/learning/cutoff/cutoff',
          index: 80,
          ...{ min: 50, max: 15000 },
        },
        {
          type: 'checkbox',
          label: 'freeze',
          address: '/synth/learning/cutoff/freeze',
          index: 64,
        },
        {
          type: 'hbargraph',
          label: 'cutoff',
          address: '/synth/gradients/cutoff',
          index: 84,
        },
        { type: 'button', label: 'reset', address: '/synth/learning/reset', index: 60 },
      ],
    },
  ],
});

test('widgets are what Faust tells', () => {
  const { told, widgets } = descriptionOf(json);
  expect(told).toMatchObject({ size: 10, inputs: 1, outputs: 2 });
  expect(widgets.map(({ index }) => index)).toEqual([12, 80, 64, 84, 60]);
  expect(widgets[0]).toMatchObject({ kind: 'hslider', unit: 'Hz', isLog: true, isMeter: false });
});

test('a slider comes back to its values, on its steps', () => {
  const [cutoff] = descriptionOf(json).widgets;
  if (!cutoff) throw new Error('no widget');
  for (const value of [50, 51, 1000, 15000]) {
    expect(valueAt(cutoff, positionOf(cutoff, value))).toBe(value);
  }
  expect(positionOf(cutoff, Math.sqrt(50 * 15000))).toBeCloseTo(0.5);
  const steps = { ...cutoff, isLog: false, min: 0, max: 1, step: 0.1 };
  expect(valueAt(steps, 0.32)).toBe(0.3);
  expect(positionOf({ ...steps, max: 0 }, 0)).toBe(0);
});

test('what is moved is kept by its path, whatever the program is called', () => {
  const widgets = descriptionOf(json).widgets;
  const [cutoff, , freeze] = widgets;
  const reset = widgets.at(-1);
  if (!cutoff || !freeze || !reset) throw new Error('no widget');
  const told: Moved[] = [];
  const values = new Values((moved) => told.push(moved));
  expect([values.of(cutoff), values.of(freeze)]).toEqual([1000, 0]);
  values.move(cutoff, 440);
  values.move(freeze, 1);
  values.move(reset, 1);
  expect(told.at(-1)).toEqual({
    '/target/filter/cutoff': 440,
    '/learning/cutoff/freeze': 1,
  });
  expect(values.of({ ...cutoff, path: '/other/target/filter/cutoff' })).toBe(440);
  expect(values.of({ ...cutoff, max: 100 })).toBe(100);
  expect(values.of(reset)).toBe(0);
  values.replace({});
  expect(values.of(cutoff)).toBe(1000);
  expect(keyOf({ ...cutoff, path: '/gain' })).toBe('/gain');
});

test('a button that is pressed for less than a block is down for one', () => {
  const [button, slider] = [60, 12];
  const now = new Map<number, number>();
  const presses = new Presses([button], (index, value) => now.set(index, value));
  const block = (): unknown[] => {
    const heard = [now.get(button), now.get(slider)];
    presses.computed();
    return heard;
  };
  presses.put(button, 1);
  presses.put(button, 0);
  presses.put(slider, 0.5);
  presses.put(slider, 0);
  expect(block()).toEqual([1, 0]);
  expect(block()).toEqual([0, 0]);
  // Who presses twice in a block and holds it, holds it.
  for (const value of [1, 0, 1]) presses.put(button, value);
  expect([block(), block()]).toEqual([
    [1, 0],
    [1, 0],
  ]);
  presses.put(button, 0);
  expect(block()).toEqual([0, 0]);
});

test('learnt values are beside the hidden ones', () => {
  const about = {
    label: 'cutoff',
    init: 100,
    min: 50,
    max: 15000,
    scale: 'log',
    unit: 'Hz',
  } as const;
  const parameters = [{ ...about, path: '/filter/cutoff', title: 'cutoff' }];
  const [pair, ...others] = pairs(descriptionOf(json).widgets, parameters);
  expect(others).toEqual([]);
  const { learnt, hidden, freeze, gradient } = pair ?? {};
  expect([learnt, hidden, freeze, gradient].map((one) => one?.index)).toEqual([80, 12, 64, 84]);
});

test('a picture of a sine begins where it rises through zero', () => {
  const samples = Float32Array.from({ length: 2048 }, (_, at) =>
    Math.cos((2 * Math.PI * at) / 100),
  );
  expect(trigger(samples, 1024)).toBe(76);
});

test('a picture of an impulse begins before it', () => {
  const samples = new Float32Array(2048);
  samples[900] = 1;
  expect(trigger(samples, 1024)).toBe(900 - 48);
  samples[900] = 0;
  expect(trigger(samples, 1024)).toBe(0);
});

test('the scale grows at once and shrinks slowly', () => {
  const scale = new Scale(0.5);
  expect([1, 4, 0, 0].map((size) => scale.follow(size))).toEqual([1, 4, 2, 1]);
  expect(scale.isNews(0.001)).toBe(false);
});

test('the scale comes to something new within a second, and is slow again after that', () => {
  const scale = new Scale();
  scale.follow(100);
  scale.hurry();
  for (let frame = 0; frame < 22; frame++) scale.follow(1);
  expect(scale.follow(1)).toBeLessThan(1.01);
  scale.follow(100);
  expect(scale.follow(1)).toBeGreaterThan(90);
  scale.restart();
  expect(scale.follow(1)).toBe(1);
});

test('a derivative is by the slider that its name means', () => {
  const [cutoff] = descriptionOf(json).widgets;
  if (!cutoff) throw new Error('no widget');
  const at = (path: string, label = 'gain') => ({ ...cutoff, path, label });
  const widgets = [
    cutoff,
    at('/synth/left/gain'),
    at('/synth/right/gain'),
    at('/synth/a/b', 'a/b'),
  ];
  const meter = { ...at('/synth/level', 'level'), isMeter: true };
  const found = (name: string) => variableOf(name, [...widgets, meter])?.path;
  expect(found('dy/dcutoff')).toBe(cutoff.path);
  expect(found('dy1/d(/left/gain)')).toBe('/synth/left/gain');
  expect(found('dy1/d(/synth/right/gain)')).toBe('/synth/right/gain');
  expect(found('dy/da/b')).toBe('/synth/a/b');
  expect(['y', 'dy/dgain', 'dy/dlevel', 'dy/dnone'].map(found)).toEqual(Array(4).fill(undefined));
  expect(['y', 'y0', 'dy/dgain', 'dy1/d(/a/b)'].map(isDerivative)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test.each([
  [0.000025, 2, '2.5e−5'],
  [-1.5, 2, '−1.5'],
  [1234.5678, 4, '1235'],
  [0, 3, '0'],
  [12_345_678, 3, '1.23e7'],
  [Infinity, 2, 'Infinity'],
])('%f is short', (value, digits, text) => {
  expect(significant(value, digits)).toBe(text);
});
