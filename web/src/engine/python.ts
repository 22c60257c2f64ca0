/** Starts Python with fad in it. */
import type { Faust } from './faust';
import type { Loader } from './loading';

/** Those that are fetched; Pyodide's scripts are imported. */
export const PYTHON_FILES = [
  'pyodide/pyodide.asm.wasm',
  'pyodide/pyodide-lock.json',
  'pyodide/python_stdlib.zip',
  'python.zip',
  'libraries.zip',
] as const;

/** Where fad, what it needs, and the libraries are put. */
const HOME = '/fad';

const START = `
import os, sys
sys.path.insert(0, "${HOME}")
os.environ["FAD_CACHE_DIR"] = "${HOME}/cache"
from fad.page import service
from fad.base.version import __version__
from fad.syntax.libraries import standard_folders
`;

/** What is used of Pyodide here; its own types name packages that the page has no use for. */
interface Pyodide {
  unpackArchive(archive: ArrayBuffer, format: 'zip', options: { extractDir: string }): void;
  registerJsModule(name: string, module: object): void;
  runPython(code: string): unknown;
  globals: { get(name: string): unknown };
  FS: { readdir(path: string): string[]; readFile(path: string): Uint8Array };
}

export interface Python {
  /** Asks fad: JSON in, JSON out. */
  answer(request: string): string;
  version: string;
}

export async function startPython(loader: Loader, faust: Promise<Faust>): Promise<Python> {
  const program = loader.bytes('python.zip');
  const libraries = loader.bytes('libraries.zip');
  const { loadPyodide } = (await import(/* @vite-ignore */ loader.url('pyodide/pyodide.mjs'))) as {
    loadPyodide: (options: object) => Promise<Pyodide>;
  };
  const pyodide = await counted(loader, () =>
    loadPyodide({ indexURL: loader.url('pyodide/'), env: { HOME } }),
  );
  for (const archive of [await program, await libraries]) {
    pyodide.unpackArchive(archive, 'zip', { extractDir: HOME });
  }
  const compiler = await faust;
  pyodide.registerJsModule('fad_faust', compiler.forPython);
  pyodide.runPython(START);
  addLibraries(pyodide, compiler);
  const service = pyodide.globals.get('service') as { answer(request: string): string };
  return {
    answer: (request) => service.answer(request),
    version: pyodide.globals.get('__version__') as string,
  };
}

/** The compiler gets the libraries that fad reads. */
function addLibraries(pyodide: Pyodide, compiler: Faust): void {
  const folders = pyodide.runPython('[str(f) for f in standard_folders()]') as {
    toJs(): string[];
    destroy(): void;
  };
  const paths = folders.toJs();
  folders.destroy();
  const files = pyodide.FS;
  for (const folder of paths) {
    for (const name of files.readdir(folder)) {
      if (name.endsWith('.lib')) compiler.addLibrary(name, files.readFile(`${folder}/${name}`));
    }
  }
}

/** Python's own files are fetched by Pyodide: meanwhile, its fetches are counted too. */
async function counted<T>(loader: Loader, action: () => Promise<T>): Promise<T> {
  const usual = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    const file = url.startsWith(loader.base) ? url.slice(loader.base.length) : null;
    return file === null ? usual(input, init) : loader.response(file);
  };
  try {
    return await action();
  } finally {
    globalThis.fetch = usual;
  }
}
