/** Which piece of a signal to show, so that the picture stands still; and how large. */

/** A beginning that is this silent, in parts of the peak, has an onset after it. */
const SILENT = 0.1;
/** How many samples are looked at for that, and shown before an onset. */
const LEAD = 48;
/** What is this small against what was shown is no news. */
const FAINT = 0.02;

/**
 * Where the shown piece of a signal begins.
 *
 * @param samples the signal.
 * @param shown how many of them are shown.
 * @returns an onset after silence, or else a zero that the signal crosses upwards.
 */
export function trigger(samples: ArrayLike<number>, shown: number): number {
  const last = samples.length - shown;
  const top = peak(samples);
  if (top === 0) return 0;
  const at = (index: number): number => samples[index] ?? 0;
  let onset = 0;
  while (onset < samples.length && Math.abs(at(onset)) < SILENT * top) onset++;
  if (onset > LEAD) return Math.min(last, onset - LEAD);
  for (let index = 1; index < last; index++) {
    if (at(index - 1) < 0 && at(index) >= 0) return index;
  }
  return 0;
}

export function peak(samples: ArrayLike<number>): number {
  let top = 0;
  for (let index = 0; index < samples.length; index++) {
    const size = Math.abs(samples[index] ?? 0);
    if (size > top && size < Infinity) top = size;
  }
  return top;
}

/** How many frames something new is given, about a second; and what they leave of the old scale. */
const NEW = 22;
const KEPT_WHEN_NEW = 0.8;

/** The scale of a picture: it grows at once, and shrinks slowly, so that the picture stands still. */
export class Scale {
  private top = 0;
  private framesOfNew = 0;

  /** How much of the old scale is left after a frame. */
  constructor(private readonly kept = 0.97) {}

  follow(size: number): number {
    const kept = this.framesOfNew > 0 ? KEPT_WHEN_NEW : this.kept;
    this.framesOfNew = Math.max(0, this.framesOfNew - 1);
    this.top = Math.max(size, kept * this.top);
    return this.top;
  }

  /** Something was changed that makes other sizes: the scale comes to them within a second. */
  hurry(): void {
    this.framesOfNew = NEW;
  }

  /** There is another signal: what was before counts no more, but for what still rings. */
  restart(): void {
    this.top = 0;
    this.hurry();
  }

  /** Whether a signal of a size is worth showing. */
  isNews(size: number): boolean {
    return size >= FAINT * this.top;
  }
}
