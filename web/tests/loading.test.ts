import { afterEach, expect, test, vi } from 'vitest';
import { Loader } from '../src/engine/loading';

afterEach(() => {
  vi.unstubAllGlobals();
});

const sizes = { 'a.wasm': 6, 'b.zip': 4, 'c.mjs': 100 };

test('bytes are counted while they come, of the files that are fetched', async () => {
  vi.stubGlobal('fetch', (url: string) =>
    Promise.resolve(
      new Response(url.endsWith('a.wasm') ? 'wasm..' : 'zip.', {
        headers: { 'content-type': 'application/wasm' },
      }),
    ),
  );
  const seen: [number, number][] = [];
  const loader = new Loader('/engine/', sizes, ['a.wasm', 'b.zip'], (...told) => seen.push(told));
  expect(loader.total).toBe(10);
  expect((await loader.bytes('a.wasm')).byteLength).toBe(6);
  const response = await loader.response('b.zip');
  expect(response.headers.get('content-type')).toBe('application/wasm');
  expect(await response.text()).toBe('zip.');
  expect(seen).toEqual([
    [6, 10],
    [10, 10],
  ]);
});

test('a file that is missing is named', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('no', { status: 404 })));
  const loader = new Loader('/engine/', sizes, [], () => undefined);
  await expect(loader.bytes('b.zip')).rejects.toThrow('b.zip could not be loaded (404)');
});
