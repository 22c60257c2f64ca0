import { expect, test } from 'vitest';
import { commandOf, USUAL } from '../src/views/settings';

const program = { name: 'echo.dsp', source: '', files: {} };

test('the command says what is not its usual way', () => {
  expect(commandOf(program, { ...USUAL, optimizer: 'adam' })).toBe('fad estimate echo.dsp');
  const settings = {
    ...USUAL,
    loss: 'spectral(8, 50, 1000)',
    start: { '/a b': 0.5, '/c': 2 },
    restart: 2,
  };
  expect(commandOf(program, settings)).toBe(
    "fad estimate echo.dsp --start '/a b=0.5,/c=2' --loss 'spectral(8, 50, 1000)' --optimizer auto --restart 2",
  );
});

test('a model and data are beside the program', () => {
  const files = { 'echo_model.dsp': '', 'echo_data.dsp': '' };
  expect(commandOf({ ...program, files }, { ...USUAL, optimizer: 'adam' })).toBe(
    'fad estimate echo.dsp --estimate echo_model.dsp --input echo_data.dsp',
  );
});
