import { expect, test } from 'vitest';
import { checked, fromHash, ideAddress, toHash } from '../src/page/share';
import { USUAL } from '../src/views/settings';

const shared = {
  name: 'été.dsp',
  source: '// ∂y/∂x, "quoted"\nprocess = _;\n'.repeat(300),
  view: 'dual',
  files: { 'mine.lib': 'f = 1;' },
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

test('the Faust IDE gets the program', () => {
  const address = new URL(ideAddress('lowpass.dsp', 'process = "ü?>";'));
  expect(address.searchParams.get('name')).toBe('lowpass');
  const inline = address.searchParams.get('inline') ?? '';
  expect(Buffer.from(inline, 'base64url').toString()).toBe('process = "ü?>";');
});

test.each([undefined, 3, { loss: 3, start: 'x' }, { start: { '/a': 'x' } }])(
  'settings that are %j are the usual ones',
  (learning) => {
    expect(checked({ ...shared, learning })?.learning).toEqual(USUAL);
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
