/** A program that plays: it computes all its outputs, some are heard, and all are reported. */
import { Instance } from '../engine/instance';
import { WINDOW, type FromProgram, type Mix, type Start, type ToProgram } from './messages';
import { Presses } from './presses';

// What there is in an audio worklet; TypeScript's own library does not know.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: Start }) => AudioWorkletProcessor,
): void;

/** Samples that are computed at once. */
const BLOCK = 128;
/** The peak that a levelled signal is brought to, and how slowly the level follows. */
const LEVEL = 0.3;
const SLOW = 0.99;

class Playing extends AudioWorkletProcessor {
  private readonly instance: Instance;
  private readonly presses: Presses;
  private readonly meters: number[];
  private mix: Mix;
  private peak = 0;
  private isAlive = true;
  private window: Float32Array<ArrayBuffer>[];
  private filled = 0;

  constructor({ processorOptions }: { processorOptions: Start }) {
    super();
    const { code, told, meters, buttons, mix } = processorOptions;
    this.instance = new Instance(new WebAssembly.Module(code), told, sampleRate, BLOCK);
    this.presses = new Presses(buttons, (index, value) => {
      this.instance.set(index, value);
    });
    this.meters = meters;
    this.mix = mix;
    this.window = this.emptyWindow();
    this.port.onmessage = ({ data }: MessageEvent<ToProgram>) => {
      if ('set' in data) this.presses.put(data.set.index, data.set.value);
      if ('mix' in data) this.mix = data.mix;
      if ('stop' in data) this.isAlive = false;
    };
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [given = []] = inputs;
    const [speakers = []] = outputs;
    this.instance.inputs.forEach((samples, channel) => {
      const signal = given[channel] ?? given[0];
      if (signal) samples.set(signal);
      else samples.fill(0);
    });
    this.instance.compute(BLOCK);
    this.presses.computed();
    this.play(speakers);
    this.report();
    return this.isAlive;
  }

  private play(speakers: Float32Array[]): void {
    let peak = 0;
    speakers.forEach((speaker, number) => {
      const weights = this.mix.weights[number] ?? this.mix.weights[0] ?? [];
      for (let at = 0; at < BLOCK; at++) {
        let sum = 0;
        for (let channel = 0; channel < weights.length; channel++) {
          const weight = weights[channel];
          if (weight) sum += weight * (this.instance.outputs[channel]?.[at] ?? 0);
        }
        const heard = Number.isFinite(sum) ? sum : 0;
        speaker[at] = heard;
        peak = Math.max(peak, Math.abs(heard));
      }
    });
    this.peak = Math.max(peak, SLOW * this.peak);
    const gain = this.mix.levelled && this.peak > 0 ? LEVEL / this.peak : 1;
    // Whatever a program computes, it is not louder than this.
    for (const speaker of speakers) {
      for (let at = 0; at < BLOCK; at++) speaker[at] = Math.tanh(gain * (speaker[at] ?? 0));
    }
  }

  private report(): void {
    this.window.forEach((samples, channel) => {
      const computed = this.instance.outputs[channel];
      if (computed) samples.set(computed, this.filled);
    });
    this.filled += BLOCK;
    if (this.filled < WINDOW) return;
    const message: FromProgram = {
      outputs: this.window,
      meters: this.meters.map((index) => this.instance.get(index)),
    };
    this.port.postMessage(
      message,
      this.window.map((samples) => samples.buffer),
    );
    this.window = this.emptyWindow();
    this.filled = 0;
  }

  private emptyWindow(): Float32Array<ArrayBuffer>[] {
    return this.instance.outputs.map(() => new Float32Array(WINDOW));
  }
}

registerProcessor('fad-program', Playing);
