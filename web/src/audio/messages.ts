/** What the page and the program that plays say to each other. */
import type { Description } from '../engine/instance';

/** What is heard: for each loudspeaker, how much of each output of the program. */
export interface Mix {
  weights: number[][];
  /** Whether to bring it to a usual level: derivatives can be of any size. */
  levelled: boolean;
}

export interface Start {
  code: Uint8Array<ArrayBuffer>;
  told: Description;
  /** The indices of the bargraphs. */
  meters: number[];
  /** Those of the buttons. */
  buttons: number[];
  mix: Mix;
}

export type ToProgram = { set: { index: number; value: number } } | { mix: Mix } | { stop: true };

/** A piece of what it computed: samples of each output, and the bargraphs at its end. */
export interface FromProgram {
  outputs: Float32Array<ArrayBuffer>[];
  meters: number[];
}

/** How many samples are reported at once. */
export const WINDOW = 2048;
