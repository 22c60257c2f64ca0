import { readFileSync } from 'node:fs';
import { EditorState } from '@codemirror/state';
import { expect, test } from 'vitest';
import { foldAfter } from '../src/faust/language';
import { KEYWORDS, PRIMITIVES, WIDGETS } from '../src/faust/words';

const grammar = readFileSync(new URL('../../fad/syntax/faust.lark', import.meta.url), 'utf8');

test('the words are those of the grammar', () => {
  const rules = grammar.replaceAll(/^\s*\/\/.*$/gm, '');
  const words = [...rules.matchAll(/"([a-z][a-z0-9]*)"/g)].map((match) => match[1]);
  const known = [...KEYWORDS, ...WIDGETS, ...PRIMITIVES];
  expect(new Set(known)).toEqual(new Set(words));
});

const folded = (text: string, line: number) => {
  const state = EditorState.create({ doc: text });
  const range = foldAfter(state, state.doc.line(line).from);
  return range && state.sliceDoc(range.from, range.to);
};

test('folds what is indented, and comments', () => {
  const text = 'a = b\nwith {\n    b = 1;\n\n    c = 2;\n};\n// one\n// two\nprocess = a;\n';
  expect(folded(text, 1)).toBeNull();
  expect(folded(text, 2)).toBe('\n    b = 1;\n\n    c = 2;');
  expect(folded(text, 7)).toBe('\n// two');
  expect(folded(text, 8)).toBeNull();
});
