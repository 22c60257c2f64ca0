import { expect, test } from 'vitest';
import { partsOf } from '../src/editor/message';

test('lines that are parts of a program are kept together, without their indent', () => {
  expect(partsOf('A : B does not fit\n  A = _,_\n  B =\n    sin\nreally')).toEqual([
    { text: 'A : B does not fit', isCode: false },
    { text: 'A = _,_\nB =\n  sin', isCode: true },
    { text: 'really', isCode: false },
  ]);
  expect(partsOf('undefined symbol')).toEqual([{ text: 'undefined symbol', isCode: false }]);
});
