import { expect, test } from 'vitest';
import { importedFunction } from '../src/engine/math';

// What the functions of C give.
test.each([
  ['_round', [2.5], 3],
  ['_round', [-2.5], -3],
  ['_roundf', [0.4], 0],
  ['_rint', [2.5], 2],
  ['_rint', [3.5], 4],
  ['_rintf', [-1.5], -2],
  ['_rint', [-0.2], -0],
  ['_fmodf', [-5, 3], -2],
  ['_remainder', [5, 2], 1],
  ['_remainderf', [7, 2], -1],
  ['_remainder', [5, Infinity], 5],
  ['_copysign', [3, -0], -3],
  ['_copysignf', [-3, 0], 3],
  ['_isnanf', [NaN], 1],
  ['_isinf', [-Infinity], 1],
  ['_erf', [NaN], null],
] as const)('%s(%s)', (name, given, expected) => {
  if (expected === null) expect(() => importedFunction(name)).toThrow('no function');
  else expect(importedFunction(name)(...given)).toBe(expected);
});
