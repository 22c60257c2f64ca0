/** docs/faults.md: what it says of `@grame/faustwasm` is so. */
import { expect, test } from 'vitest';
import { FaustWasmInstantiator } from '../node_modules/@grame/faustwasm/dist/esm/index.js';
import { importedFunction } from '../src/engine/math';

interface Linker {
  createWasmImport(base: number): { env: Record<string, (...numbers: number[]) => number> };
}

test('faustwasm links programs with functions that are not those of C', () => {
  const { env } = (FaustWasmInstantiator as unknown as Linker).createWasmImport(0);
  const cases: [string, number[], number, number][] = [
    ['_round', [-2.5], -2, -3],
    ['_remainder', [2.5, 1], -0.5, 0.5],
    ['_copysign', [3, 0], -3, 3],
  ];
  for (const [name, given, theirs, right] of cases) {
    expect(env[name]?.(...given)).toBe(theirs);
    expect(importedFunction(name)(...given)).toBe(right);
  }
});
