import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { beforeAll, expect, test } from 'vitest';
import { Faust, FAUST_FILES } from '../src/engine/faust';
import { Loader } from '../src/engine/loading';

const folder = new URL('../node_modules/@grame/faustwasm/libfaust-wasm/', import.meta.url);

/** Takes the files of the compiler from where they are installed. */
class Installed extends Loader {
  constructor() {
    super('', {}, FAUST_FILES, () => undefined);
  }
  override async response(file: string): Promise<Response> {
    return new Response(await readFile(new URL(file.replace('faust/', ''), folder)));
  }
}

/** Runs the script as node would. */
function run(script: string) {
  const module = { exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function('module', 'exports', 'require', '__dirname', script)(
    module,
    module.exports,
    createRequire(import.meta.url),
    folder.pathname,
  );
  return Promise.resolve(module.exports as never);
}

let faust: Faust;
beforeAll(async () => {
  faust = await Faust.load(new Installed(), run);
});

function compiled(source: string, args = ['-double']) {
  const program = faust.forPython.compile('test.dsp', source, args);
  if (!program.ok) throw new Error(program.error);
  return program;
}

test('renders what the program means, in double precision and over many blocks', () => {
  const { handle, inputs, outputs } = compiled('process = _ <: (+ ~ *(0.9)), *(0.1);');
  expect([inputs, outputs]).toEqual([1, 2]);
  const frames = 3000;
  const given = Float64Array.from({ length: frames }, (_, at) => Math.sin(at));
  const rendered = faust.forPython.render(handle, given, frames, 44100);
  let state = 0;
  const expected = [...given].map((value) => (state = value + 0.9 * state));
  expect([...rendered.slice(0, frames)]).toEqual(expected);
  expect([...rendered.slice(frames)]).toEqual([...given].map((value) => value * 0.1));
});

test('widgets are where they are put, and back where they start the next time', () => {
  const { handle, json } = compiled('process = hslider("a", 0.1, 0, 1, 0.1), button("b");');
  const { ui } = JSON.parse(json) as { ui: { items: { label: string; index: number }[] }[] };
  const [a, b] = ['a', 'b'].map((label) => ui[0]?.items.find((item) => item.label === label));
  const moved = [
    [a?.index ?? 0, 1 / 3],
    [b?.index ?? 0, 1],
  ];
  expect([...faust.forPython.render(handle, [], 1, 44100, moved)]).toEqual([1 / 3, 1]);
  expect([...faust.forPython.render(handle, [], 1, 44100)]).toEqual([0.1, 0]);
});

test('a program starts anew each time, at the rate that is asked for', () => {
  const { handle } = compiled('process = ma.SR, (1 : + ~ _);'.replace('ma.SR', rate));
  const once = faust.forPython.render(handle, [], 3, 48000);
  expect([...once]).toEqual([48000, 48000, 48000, 1, 2, 3]);
  expect(faust.forPython.render(handle, [], 3, 48000)).toEqual(once);
  faust.forPython.release(handle);
  expect(() => faust.forPython.render(handle, [], 3, 48000)).toThrow('no program');
});
const rate = 'fconstant(int fSamplingFreq, <math.h>)';

test('functions of C are those of C', () => {
  const { handle } = compiled('process = rint(2.5), fmod(-5, 3), tan(1), pow(2, 0.5);');
  const values = faust.forPython.render(handle, [], 1, 44100);
  [2, -2, Math.tan(1), Math.SQRT2].forEach((value, at) => {
    expect(values[at]).toBeCloseTo(value, 14);
  });
});

test('errors are what the compiler says, and the next program is compiled', () => {
  const failed = faust.forPython.compile('test.dsp', 'process = nothing;', []);
  expect(failed).toMatchObject({ ok: false, error: expect.stringContaining('nothing') as string });
  expect(compiled('process = _;').outputs).toBe(1);
});

test('libraries are those that are added', () => {
  faust.addLibrary('mine.lib', 'half = *(0.5);');
  const { handle } = compiled('import("mine.lib"); process = half;');
  expect([...faust.forPython.render(handle, [1, 3], 2, 44100)]).toEqual([0.5, 1.5]);
});

test('programs are expanded and drawn', () => {
  const expanded = faust.forPython.expand('test.dsp', 'f(x) = x + 1; process = f;', []);
  expect(expanded).toMatchObject({ ok: true, text: expect.stringContaining('process') as string });
  const drawn = faust.forPython.diagrams('test.dsp', 'process = _ + 1;', []);
  expect(drawn).toMatchObject({ ok: true });
  expect(drawn.ok && drawn.sheets['process.svg']).toContain('<svg');
});
