/** Signals to try a program with, each a piece that is played in a loop. */

export const SIGNALS = ['noise', 'sine', 'sweep', 'impulse', 'gate'] as const;
export type Signal = (typeof SIGNALS)[number];

const LEVEL = 0.25;
const SINE_HZ = 220;
const SWEEP = { from: 30, to: 16_000, seconds: 4 };
/** Seconds from impulse to impulse, and that the gate is open and closed. */
const PERIOD = 0.5;

/**
 * One round of a test signal.
 *
 * @param rate samples per second.
 */
export function testSignal(signal: Signal, rate: number): Float32Array<ArrayBuffer> {
  const fill = (seconds: number, value: (time: number, index: number) => number) =>
    Float32Array.from({ length: Math.round(seconds * rate) }, (_, index) =>
      value(index / rate, index),
    );
  switch (signal) {
    case 'noise':
      return fill(2, () => LEVEL * (2 * Math.random() - 1));
    case 'sine':
      // A whole number of periods.
      return fill(1, (time) => LEVEL * Math.sin(2 * Math.PI * SINE_HZ * time));
    case 'sweep': {
      const { from, to, seconds } = SWEEP;
      const growth = Math.log(Math.min(to, rate / 2.2) / from) / seconds;
      return fill(seconds, (time) => {
        const phase = (2 * Math.PI * from * (Math.exp(growth * time) - 1)) / growth;
        const fade = Math.min(1, time * 50, (seconds - time) * 50);
        return LEVEL * fade * Math.sin(phase);
      });
    }
    case 'impulse':
      return fill(PERIOD, (_, index) => (index === 0 ? 1 : 0));
    case 'gate':
      return fill(2 * PERIOD, (time) => (time < PERIOD ? 1 : 0));
  }
}
