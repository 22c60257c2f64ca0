import { expect, test } from 'vitest';
import { linksAt } from '../src/editor/links';

const link = (from: number, to: number, name: string, dual = from + 100) => ({
  source: { from, to },
  dual: { from: dual, to: dual + to - from },
  name,
  what: '',
});

test('the smallest part at a position is meant, with all that it became', () => {
  const links = [
    link(0, 50, 'outer'),
    link(10, 20, 'inner'),
    link(10, 20, 'inner again', 300),
    link(60, 70, 'other'),
  ];
  const names = (side: 'source' | 'dual', position: number) =>
    linksAt(links, side, position).map(({ name }) => name);
  expect(names('source', 15)).toEqual(['inner', 'inner again']);
  expect(names('source', 30)).toEqual(['outer']);
  expect(names('dual', 165)).toEqual(['other']);
  expect(names('dual', 305)).toEqual(['inner again']);
  expect(names('dual', 15)).toEqual([]);
});
