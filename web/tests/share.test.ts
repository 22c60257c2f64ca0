import { expect, test } from 'vitest';
import { checked, fromHash, ideAddress, toHash } from '../src/page/share';
import { USUAL } from '../src/views/settings';

const shared = {
  name: 'été.dsp',
  source: '// ∂y/∂x, "quoted"\nprocess = _;\n'.repeat(300),
  view: 'dual',
  files: { 'mine.lib': 'f = 1;' },
  values: { '/filter/cutoff': 440.5 },
  learning: USUAL,
};

test('a link brings back what was shared, and is shorter', async () => {
  const hash = await toHash(shared);
  expect(hash).toMatch(/^#p=[\w-]+$/);
  expect(hash.length).toBeLessThan(shared.source.length / 10);
  expect(await fromHash(hash)).toEqual(shared);
});

test.each(['', '#', '#p=', '#p=%%%', '#p=AAAA', '#other'])('%j brings nothing', async (hash) => {
  expect(await fromHash(hash)).toBeNull();
});

test.each([null, 3, [], {}, { name: 1, source: '', view: '' }])('%j is no state', (value) => {
  expect(checked(value)).toBeNull();
});

test('files that are no texts are left out', () => {
  const value = { ...shared, files: { 'a.lib': 'a = 1;', 'b.lib': 3 } };
  expect(checked(value)?.files).toEqual({ 'a.lib': 'a = 1;' });
});

test('where sliders stand is numbers, or left out', () => {
  const values = { '/a': 1, '/b': '2', '/c': null, '/d': Infinity };
  expect(checked({ ...shared, values })?.values).toEqual({ '/a': 1 });
  for (const none of [undefined, 3, null]) {
    expect(checked({ ...shared, values: none })).not.toHaveProperty('values');
  }
});

test('a name that no file can have is not taken from a link', () => {
  expect(checked({ ...shared, name: '../up.dsp' })?.name).toBe('program.dsp');
});

test('the Faust IDE gets the program', () => {
  const address = new URL(ideAddress('lowpass.dsp', 'process = "ü?>";'));
  expect(address.searchParams.get('name')).toBe('lowpass');
  const inline = address.searchParams.get('inline') ?? '';
  expect(Buffer.from(inline, 'base64url').toString()).toBe('process = "ü?>";');
});

test.each([undefined, 3, { loss: 3, start: 'x' }, { start: { '/a': 'x' } }])(
  'settings that are %j are the usual ones',
  (learning) => {
    expect(checked({ ...shared, learning })?.learning ?? USUAL).toEqual(USUAL);
  },
);

test('settings come back', () => {
  const learning = {
    loss: 'spectral',
    optimizer: 'sgd',
    input: 'sine',
    restart: 0.5,
    start: { '/a': 0.5 },
  };
  expect(checked({ ...shared, learning })?.learning).toEqual(learning);
});
