/** The engine: fad in Python, and the standard compiler, away from the page's own thread. */
import { Faust, FAUST_FILES } from './faust';
import { Loader } from './loading';
import { PYTHON_FILES, startPython, type Python } from './python';
import type { Answer, Compiled, Order, Program, Report } from './protocol';

interface Engine {
  python: Python;
  faust: Faust;
}

/** What is compiled to be heard has the precision of the sound card. */
const LISTENING = ['-ftz', '2'];

let engine: Engine | null = null;

self.onmessage = (event: MessageEvent<Order>) => {
  const order = event.data;
  if ('start' in order) {
    start(order.start.engine).then(
      (versions) => {
        report({ ready: { versions } });
      },
      (error: unknown) => {
        report({ failed: error instanceof Error ? error.message : String(error) });
      },
    );
  } else {
    report({ id: order.id, answer: answered(order.job, order.program) });
  }
};

function report(message: Report): void {
  self.postMessage(message);
}

async function start(base: string): Promise<string> {
  const manifest = await fetch(`${base}manifest.json`);
  if (!manifest.ok) throw new Error(`its files are missing (${manifest.status})`);
  const sizes = (await manifest.json()) as Record<string, number>;
  const loader = new Loader(base, sizes, [...PYTHON_FILES, ...FAUST_FILES], (loaded, total) => {
    report({ progress: { loaded, total } });
  });
  const faust = Faust.load(loader);
  const python = await startPython(loader, faust);
  engine = { python, faust: await faust };
  return `fad ${python.version}, Faust ${engine.faust.version}`;
}

function answered(job: string, program: Program): Answer<unknown> {
  try {
    if (engine === null) throw new Error('the engine is not loaded');
    if (job === 'compile') return compiled(engine.faust, program);
    const { options = {}, ...rest } = program;
    return JSON.parse(
      engine.python.answer(JSON.stringify({ job, ...rest, options })),
    ) as Answer<unknown>;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, error: { message: `internal error: ${message}` } };
  }
}

function compiled(faust: Faust, program: Program): Answer<Compiled> {
  try {
    const result = faust.translate(program.name, program.source, LISTENING);
    return { ok: true, result, warnings: [] };
  } catch (error) {
    return {
      ok: false,
      error: { message: error instanceof Error ? error.message : String(error) },
    };
  }
}
