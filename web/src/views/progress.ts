/** How far learning has come, told from where the values are. */

/** Where a parameter is, as shares of its range, from 0 to 1. */
export interface Position {
  name: string;
  learnt: number;
  /** The hidden value; null where the model has parameters of its own. */
  hidden: number | null;
  isFrozen: boolean;
}

export type Progress =
  | { state: 'learning' }
  /** All values are found, so many seconds after they were hidden. */
  | { state: 'found'; seconds: number }
  /** There is no difference to learn from, as with a button that nobody presses. */
  | { state: 'silent' }
  /** Nothing moves any more, and something is not found; `ends` are at an end of their range. */
  | { state: 'stuck'; ends: string[] };

/** This near is found, in parts of a range. */
const FOUND = 0.01;
/** This near to an end of its range, a parameter is held there. */
const END = 0.002;
/** Nothing moves, where the means of two pieces of this length, in seconds, differ by less. */
const PIECE = 1.5;
const STILL = 0.003;
/** What was still moves again where they differ by more: noise is no news. */
const MOVED = 0.01;

interface Report {
  at: number;
  positions: readonly Position[];
  loss: number;
}

export class Course {
  private seconds = 0;
  private foundAt: number | null = null;
  private isStuck = false;
  private past: Report[] = [];

  /** From now on the values are others, or are learnt in another way. */
  begin(): void {
    this.seconds = 0;
    this.foundAt = null;
    this.isStuck = false;
    this.past = [];
  }

  /**
   * @param seconds since the last report.
   * @param positions of all parameters, always the same ones in the same order.
   * @param loss of the estimate.
   */
  report(seconds: number, positions: readonly Position[], loss: number): Progress {
    this.seconds += seconds;
    this.past.push({ at: this.seconds, positions, loss });
    this.past = this.past.filter(({ at }) => at > this.seconds - 2 * PIECE);
    const moving = positions.filter(({ isFrozen }) => !isFrozen);
    const missing = moving.filter(({ hidden, learnt }) => !isNear(hidden, learnt));
    if (!moving.length || moving.some(({ hidden }) => hidden === null))
      return { state: 'learning' };
    if (!missing.length) {
      this.foundAt ??= this.seconds;
      return { state: 'found', seconds: this.foundAt };
    }
    this.foundAt = null;
    this.isStuck = this.seconds >= 2 * PIECE && this.isWithin(this.isStuck ? MOVED : STILL);
    if (!this.isStuck) return { state: 'learning' };
    if (this.past.every((report) => report.loss === 0)) return { state: 'silent' };
    const ends = missing.filter(({ learnt }) => learnt < END || learnt > 1 - END);
    return { state: 'stuck', ends: ends.map(({ name }) => name) };
  }

  /** Whether all parameters are where they were, but for the noise of small steps. */
  private isWithin(limit: number): boolean {
    const middle = this.seconds - PIECE;
    const before = meansOf(this.past.filter(({ at }) => at <= middle));
    const after = meansOf(this.past.filter(({ at }) => at > middle));
    return after.every((mean, index) => Math.abs(mean - (before[index] ?? NaN)) < limit);
  }
}

function isNear(hidden: number | null, learnt: number): boolean {
  return hidden !== null && Math.abs(hidden - learnt) < FOUND;
}

function meansOf(reports: readonly Report[]): number[] {
  const [first] = reports;
  return (first?.positions ?? []).map((_, index) => {
    const sum = reports.reduce(
      (total, { positions }) => total + (positions[index]?.learnt ?? NaN),
      0,
    );
    return sum / reports.length;
  });
}

/** What there is to say, for people. */
export function sentence(progress: Progress): string {
  switch (progress.state) {
    case 'learning':
      return 'Learning …';
    case 'found':
      return `Found within 1 % after ${progress.seconds.toFixed(1)} s.`;
    case 'silent':
      return 'Nothing is heard, so there is nothing to learn from. Has the program a button to press?';
    case 'stuck': {
      const { ends } = progress;
      const where =
        ends.length === 0
          ? ''
          : `${ends.join(', ')} ${ends.length > 1 ? 'are at ends of their ranges' : 'is at an end of its range'}. `;
      return (
        `Stuck: nothing moves any more. ${where}` +
        'Start nearer to the hidden values, or choose another loss.'
      );
    }
  }
}
