/**
 * The engine of the page in node, without a browser: what is in dist/site/engine answers requests.
 *
 *     node web/tests/engine.mjs < requests > answers
 *
 * A line is a request in JSON, and a line its answer. How long each took, in seconds, goes to the
 * standard error, after how long it took to start.
 */
import { Buffer } from 'node:buffer';
import console from 'node:console';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const WEB = dirname(dirname(fileURLToPath(import.meta.url)));
const ENGINE = join(WEB, '..', 'dist', 'site', 'engine');
const HOME = '/fad';
const read = (name) => new Uint8Array(readFileSync(join(ENGINE, name)));

/** The page's own part of the compiler, out of TypeScript. */
async function faustClass() {
  const lib = { entry: join(WEB, 'src/engine/faust.ts'), formats: ['es'] };
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'node20', lib },
  });
  const code = Buffer.from(output[0].code).toString('base64');
  return (await import(`data:text/javascript;base64,${code}`)).Faust;
}

/** libfaust, whose script is no module. */
async function faust() {
  const script = readFileSync(join(ENGINE, 'faust/libfaust-wasm.js'), 'utf8');
  const make = new Function('require', '__dirname', '__filename', `${script}; return FaustModule;`);
  const wasmBinary = read('faust/libfaust-wasm.wasm').buffer;
  const getPreloadedPackage = (_, size) => new ArrayBuffer(size);
  const module = await make(
    createRequire(import.meta.url),
    ENGINE,
    '',
  )({
    wasmBinary,
    getPreloadedPackage,
  });
  const Faust = await faustClass();
  return new Faust(module, new module.libFaustWasm());
}

async function python() {
  const { loadPyodide } = await import(pathToFileURL(join(ENGINE, 'pyodide/pyodide.mjs')).href);
  const pyodide = await loadPyodide({ env: { HOME }, stdout: console.error });
  for (const name of ['python.zip', 'libraries.zip']) {
    pyodide.unpackArchive(read(name), 'zip', { extractDir: HOME });
  }
  pyodide.registerJsModule('fad_faust', (await faust()).forPython);
  pyodide.runPython(`
import os, sys
sys.path.insert(0, "${HOME}")
os.environ["FAD_CACHE_DIR"] = "${HOME}/cache"
from fad.page import service
`);
  return pyodide.globals.get('service');
}

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(3);
const begun = performance.now();
const service = await python();
console.error(seconds(begun));
for await (const request of createInterface({ input: process.stdin })) {
  const asked = performance.now();
  console.log(service.answer(request));
  console.error(seconds(asked));
}
