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
    report({ id: order.id, ...answered(order.job, order.program) });
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

/** Python answers all that it can answer: after an exception, it is not to be used any more. */
function answered(job: string, program: Program): { answer: Answer<unknown>; broken: boolean } {
  try {
    if (engine === null) throw new Error('the engine is not loaded');
    if (job === 'compile') return { answer: compiled(engine.faust, program), broken: false };
    const { options = {}, ...rest } = program;
    const answer = engine.python.answer(JSON.stringify({ job, ...rest, options }));
    return { answer: JSON.parse(answer) as Answer<unknown>, broken: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = 'the program may be too large for the page: the command `fad` takes it';
    return {
      answer: { ok: false, error: { message: `internal error: ${message}`, hint } },
      broken: true,
    };
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
