/** A program that runs: WebAssembly that Faust has written, with memory for its signals. */
import { importsOf } from './math';

/** What Faust tells about a program; more is in it. */
export interface Description {
  size: number;
  inputs: number;
  outputs: number;
  compile_options: string;
}

interface Exports {
  init(dsp: number, rate: number): void;
  compute(dsp: number, frames: number, inputs: number, outputs: number): void;
  setParamValue(dsp: number, index: number, value: number): void;
  getParamValue(dsp: number, index: number): number;
  memory?: WebAssembly.Memory;
}

type Samples = Float32Array | Float64Array;

const PAGE = 65536;
const ALIGN = 16;
/** The program's own data begins here. */
const DSP = 0;

export class Instance {
  readonly inputs: Samples[];
  readonly outputs: Samples[];
  private readonly exports: Exports;
  private readonly inputTable: number;
  private readonly outputTable: number;

  /**
   * @param module what Faust has written.
   * @param told what Faust tells about it.
   * @param rate samples per second.
   * @param block how many samples are computed at once, at most.
   */
  constructor(
    module: WebAssembly.Module,
    told: Description,
    rate: number,
    readonly block: number,
  ) {
    const imports = importsOf(module);
    const instance = new WebAssembly.Instance(module, imports);
    this.exports = instance.exports as unknown as Exports;
    const memory = this.exports.memory ?? (imports['env']?.['memory'] as WebAssembly.Memory);
    const width = told.compile_options.includes('-double') ? 8 : 4;
    const channels = told.inputs + told.outputs;

    this.inputTable = aligned(told.size);
    this.outputTable = this.inputTable + 4 * told.inputs;
    const first = aligned(this.outputTable + 4 * told.outputs);
    const needed = first + channels * block * width;
    if (memory.buffer.byteLength < needed) {
      memory.grow(Math.ceil((needed - memory.buffer.byteLength) / PAGE));
    }
    const table = new Int32Array(memory.buffer, this.inputTable, channels);
    const signals = Array.from({ length: channels }, (_, channel) => {
      const start = first + channel * block * width;
      table[channel] = start;
      return width === 8
        ? new Float64Array(memory.buffer, start, block)
        : new Float32Array(memory.buffer, start, block);
    });
    this.inputs = signals.slice(0, told.inputs);
    this.outputs = signals.slice(told.inputs);
    this.exports.init(DSP, rate);
  }

  /** Computes so many samples of `outputs` from those in `inputs`. */
  compute(frames: number): void {
    this.exports.compute(DSP, frames, this.inputTable, this.outputTable);
  }

  set(index: number, value: number): void {
    this.exports.setParamValue(DSP, index, value);
  }

  get(index: number): number {
    return this.exports.getParamValue(DSP, index);
  }
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGN) * ALIGN;
}
