import { expect, test } from 'vitest';
import { linkAt } from '../src/editor/links';

const link = (from: number, to: number, name: string) => ({
  source: { from, to },
  dual: { from: from + 100, to: to + 100 },
  name,
  what: '',
});

test('the smallest link at a position is meant', () => {
  const links = [link(0, 50, 'outer'), link(10, 20, 'inner'), link(60, 70, 'other')];
  expect(linkAt(links, 'source', 15)?.name).toBe('inner');
  expect(linkAt(links, 'source', 30)?.name).toBe('outer');
  expect(linkAt(links, 'dual', 165)?.name).toBe('other');
  expect(linkAt(links, 'dual', 15)).toBeNull();
});
