/**
 * The standard compiler in the browser: libfaust as WebAssembly.
 *
 * Python in the worker calls it as the module `fad_faust`. Everything is synchronous: a worker may
 * compile WebAssembly of any size without waiting.
 */
import { Instance, type Description } from './instance';
import type { Loader } from './loading';
import type { Compiled } from './protocol';

/** What there is of libfaust's own interface. */
interface LibFaust {
  version(): string;
  createDSPFactory(name: string, code: string, args: string, ownMemory: boolean): Factory;
  deleteDSPFactory(factory: number): void;
  expandDSP(name: string, code: string, args: string): string;
  generateAuxFiles(name: string, code: string, args: string): boolean;
  getErrorAfterException(): string;
  cleanupAfterException(): void;
}

interface Factory {
  cfactory: number;
  data: { size(): number; get(index: number): number; delete(): void };
  json: string;
}

interface FileSystem {
  mkdirTree(path: string): void;
  writeFile(path: string, data: string | Uint8Array): void;
  readFile(path: string, options: { encoding: 'utf8' }): string;
  readdir(path: string): string[];
  unlink(path: string): void;
}

interface FaustModule {
  FS: FileSystem;
  libFaustWasm: new () => LibFaust;
}

interface ModuleOptions {
  wasmBinary: ArrayBuffer;
  getPreloadedPackage(name: string, size: number): ArrayBuffer;
}

export const FAUST_FILES = ['faust/libfaust-wasm.js', 'faust/libfaust-wasm.wasm'] as const;

/** Where libfaust looks for libraries. */
const LIBRARIES = '/usr/share/faust';
/** How many samples are rendered at once. */
const BLOCK = 1024;

type MakeModule = (options: ModuleOptions) => Promise<FaustModule>;

/** The script is no module: it is made one, as modules are what a worker can import. */
async function asModule(script: string): Promise<MakeModule> {
  const blob = new Blob([script, '\nexport default FaustModule;'], { type: 'text/javascript' });
  const url = URL.createObjectURL(blob);
  try {
    return ((await import(/* @vite-ignore */ url)) as { default: MakeModule }).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

export type Failure = { ok: false; error: string };

export class Faust {
  private readonly programs = new Map<number, { module: WebAssembly.Module; told: Description }>();
  private count = 0;

  private constructor(
    private readonly module: FaustModule,
    private readonly compiler: LibFaust,
  ) {}

  /**
   * Loads the compiler.
   *
   * @param scripted runs its script, and gives what it defines.
   */
  static async load(loader: Loader, scripted = asModule): Promise<Faust> {
    const [script, wasmBinary] = await Promise.all([
      loader.text(FAUST_FILES[0]),
      loader.bytes(FAUST_FILES[1]),
    ]);
    const make = await scripted(script);
    const module = await make({
      wasmBinary,
      // Its libraries are not loaded: those of the command line take their place.
      getPreloadedPackage: (_, size) => new ArrayBuffer(size),
    });
    return new Faust(module, new module.libFaustWasm());
  }

  get version(): string {
    return this.compiler.version();
  }

  /** Puts a library where the compiler finds it. */
  addLibrary(name: string, data: string | Uint8Array): void {
    const path = `${LIBRARIES}/${name}`;
    this.module.FS.mkdirTree(path.slice(0, path.lastIndexOf('/')));
    this.module.FS.writeFile(path, data);
  }

  /** A program as WebAssembly. */
  translate(name: string, source: string, args: readonly string[]): Compiled {
    return this.guarded(() => {
      const factory = this.compiler.createDSPFactory(stem(name), source, args.join(' '), true);
      const code = new Uint8Array(factory.data.size());
      for (let index = 0; index < code.length; index++) code[index] = factory.data.get(index);
      factory.data.delete();
      this.compiler.deleteDSPFactory(factory.cfactory);
      return { code, json: factory.json };
    });
  }

  /** What Python asks; each answer is plain data. */
  readonly forPython = {
    version: (): string => this.version,

    compile: (name: string, source: string, args: Iterable<string>) =>
      reported(() => {
        const compiled = this.translate(name, source, [...args]);
        const told = JSON.parse(compiled.json) as Description;
        const handle = ++this.count;
        this.programs.set(handle, { module: new WebAssembly.Module(compiled.code), told });
        const { inputs, outputs } = told;
        return { ok: true as const, handle, inputs, outputs, json: compiled.json };
      }),

    /**
     * The outputs of a program that starts anew, channel after channel.
     *
     * @param inputs its inputs, channel after channel.
     * @param moved widgets that are not where they start: their index, and their value.
     */
    render: (
      handle: number,
      inputs: ArrayLike<number>,
      frames: number,
      rate: number,
      moved: Iterable<Iterable<number>> = [],
    ) => {
      const program = this.programs.get(handle);
      if (program === undefined) throw new Error(`there is no program ${handle}`);
      return render(program.module, program.told, inputs, frames, rate, moved);
    },

    release: (handle: number): void => {
      this.programs.delete(handle);
    },

    expand: (name: string, source: string, args: Iterable<string>) =>
      reported(() => ({
        ok: true as const,
        text: this.guarded(() => this.compiler.expandDSP(stem(name), source, [...args].join(' '))),
      })),

    diagrams: (name: string, source: string, args: Iterable<string>) =>
      reported(() => ({ ok: true as const, sheets: this.draw(stem(name), source, [...args]) })),
  };

  private draw(name: string, source: string, args: readonly string[]): Record<string, string> {
    const { FS } = this.module;
    const folder = `/${name}-svg`;
    const sheets = (): string[] => {
      try {
        return FS.readdir(folder).filter((file) => file.endsWith('.svg'));
      } catch {
        return []; // There is no such folder before the first diagram.
      }
    };
    for (const file of sheets()) FS.unlink(`${folder}/${file}`);
    const options = ['-lang', 'wasm', '-o', 'binary', '-svg', ...args].join(' ');
    const drawn = this.guarded(() => this.compiler.generateAuxFiles(name, source, options));
    if (!drawn) throw new Error('the diagrams could not be drawn');
    return Object.fromEntries(
      sheets().map((file) => [file, FS.readFile(`${folder}/${file}`, { encoding: 'utf8' })]),
    );
  }

  /** What libfaust throws is an address: the message has to be asked for. */
  private guarded<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      const message = this.compiler.getErrorAfterException();
      this.compiler.cleanupAfterException();
      throw message ? new Error(message.trim()) : error;
    }
  }
}

function reported<T>(call: () => T): T | Failure {
  try {
    return call();
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function render(
  module: WebAssembly.Module,
  told: Description,
  inputs: ArrayLike<number>,
  frames: number,
  rate: number,
  moved: Iterable<Iterable<number>>,
): Float64Array {
  const instance = new Instance(module, told, rate, BLOCK);
  for (const [index = 0, value = 0] of moved) instance.set(index, value);
  const result = new Float64Array(told.outputs * frames);
  for (let start = 0; start < frames; start += BLOCK) {
    const count = Math.min(BLOCK, frames - start);
    instance.inputs.forEach((samples, channel) => {
      for (let at = 0; at < count; at++) samples[at] = inputs[channel * frames + start + at] ?? 0;
    });
    instance.compute(count);
    instance.outputs.forEach((samples, channel) => {
      result.set(samples.subarray(0, count), channel * frames + start);
    });
  }
  return result;
}

function stem(name: string): string {
  return name.replace(/\.dsp$/, '').replace(/\W/g, '_') || 'program';
}
