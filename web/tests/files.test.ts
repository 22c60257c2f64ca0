import { expect, test } from 'vitest';
import { taken } from '../src/page/files';

const open = ['mine.dsp', 'process = component("echo.dsp");'] as const;
const lib = ['mine.lib', 'f = 1;'] as const;

test.each([
  ['a library', [lib]],
  ['a program that the open one names', [['echo.dsp', 'process = _;']]],
  ['the model of the open one', [['mine_model.dsp', 'process = _;']]],
  ['its data', [['mine_data.dsp', 'process = 1;']]],
] as const)('%s is put beside it', (_, files) => {
  expect(taken(files, open)).toEqual({ program: null, beside: Object.fromEntries(files) });
});

test('another program is opened, with what came with it', () => {
  const files = [lib, ['other_model.dsp', 'process = 2;'], ['other.dsp', 'process = 3;']] as const;
  expect(taken(files, open)).toEqual({
    program: { name: 'other.dsp', source: 'process = 3;' },
    beside: { 'mine.lib': 'f = 1;', 'other_model.dsp': 'process = 2;' },
  });
});

test('the program that is open can be taken once more', () => {
  const { program } = taken([['mine.dsp', 'process = 4;']], open);
  expect(program).toEqual({ name: 'mine.dsp', source: 'process = 4;' });
});
