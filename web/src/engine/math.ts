/** The functions that programs in WebAssembly import, as C defines them. */

/** Functions of one or two numbers; WebAssembly says how many. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Call = (...numbers: any[]) => number;

const { acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, exp, floor, log, log10 } = Math;
const { abs, atan2, pow, sin, sinh, sqrt, tan, tanh, trunc, max, min } = Math;

/** Halves go away from zero; in `Math.round`, up. */
const round = (x: number): number => (x < 0 ? -Math.round(-x) : Math.round(x));

/** Halves go to the even neighbour. */
const rint = (x: number): number => {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5 || (rest === 0.5 && down % 2 === 0)) return x < 0 && down === 0 ? -0 : down;
  return x < 0 && down === -1 ? -0 : down + 1;
};

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);

const functions: Record<string, Call> = {
  ...{ acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, exp, floor, log, log10 },
  ...{ abs, atan2, pow, sin, sinh, sqrt, tan, tanh, trunc, rint, round },
  fabs: abs,
  fmod: (x: number, y: number) => x % y,
  remainder: (x: number, y: number) => (Number.isFinite(y) ? x - rint(x / y) * y : x),
  exp2: (x: number) => 2 ** x,
  exp10: (x: number) => 10 ** x,
  max_: max,
  min_: min,
  fmax: max,
  fmin: min,
  isnan: (x: number) => Number(Number.isNaN(x)),
  isinf: (x: number) => Number(abs(x) === Infinity),
  copysign: (x: number, y: number) => (isNegative(x) === isNegative(y) ? x : -x),
};

/**
 * A function by the name under which a module imports it.
 *
 * @param name as in `_sin`, or `_sinf` in single precision.
 */
export function importedFunction(name: string): Call {
  const plain = name.replace(/^_/, '');
  const found = functions[plain] ?? functions[plain.replace(/f(?=_?$)/, '')];
  if (found === undefined) throw new Error(`no function ${plain} in this page`);
  return found;
}

/** What a module is linked with. */
export function importsOf(module: WebAssembly.Module): WebAssembly.Imports {
  const env: WebAssembly.ModuleImports = {};
  for (const { name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === 'function') env[name] = importedFunction(name);
    if (kind === 'memory') env[name] = new WebAssembly.Memory({ initial: 1024 });
    if (kind === 'table') env[name] = new WebAssembly.Table({ initial: 0, element: 'anyfunc' });
    if (kind === 'global') env[name] = 0;
  }
  return { env };
}
