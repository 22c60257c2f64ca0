/** A filter that learns the pole of another one by listening.
 *
 * The same recursion, sample by sample, as that of the program which
 * `fad estimate examples/learn/onepole.dsp` writes: its names are kept, and a test compares them.
 */

/** How far a step goes at most, in ranges of the parameter. */
const RATE = 1e-4;
/** The range of the pole, and where it starts: at a quarter, rounded to its slider's step. */
const RANGE = 0.99;
const START = 0.247;
/** What an average keeps of the past, for each sample. */
const KEPT = 0.99;

export class Learner {
  /** The learnt value. */
  pole = START;
  /** The derivative of the loss by the range of the pole. */
  gradient = 0;
  /** The squared error of the last sample. */
  loss = 0;

  #random = 0;
  #target = 0;
  #model = 0;
  #tangent = 0;
  #moved = 0;
  #mean = 0;
  #square = 0;
  #weight = 0;

  /** Hears one sample of noise through a filter whose pole is hidden, and takes a step. */
  step(hidden) {
    this.#random = Math.imul(this.#random + 12345, 1103515245);
    const input = this.#random / 2147483647;
    this.#target = (1 - hidden) * input + hidden * this.#target;

    // Adam: the mean of the derivatives, in units of their size.
    this.#weight = average(1, this.#weight);
    this.#mean = average(this.gradient, this.#mean);
    this.#square = average(this.gradient ** 2, this.#square);
    const size = Math.sqrt(this.#square / this.#weight);
    const update = (this.#mean / this.#weight / (size + 1e-8)) * RATE;
    this.#moved = clamp(this.#moved - update, -START / RANGE, 1 - START / RANGE);
    this.pole = clamp(RANGE * this.#moved + START, 0, RANGE);

    // The model with its derivative: its dual, which is what fad makes of a program.
    const { pole } = this;
    this.#tangent = -RANGE * input + pole * this.#tangent + RANGE * this.#model;
    this.#model = (1 - pole) * input + pole * this.#model;

    const error = this.#target - this.#model;
    this.loss = error * error;
    this.gradient = -2 * error * this.#tangent;
  }
}

function average(value, before) {
  return (1 - KEPT) * value + KEPT * before;
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
