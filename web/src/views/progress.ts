/** How far learning has come, told from where the values are. */

/** Where a parameter is, as shares of its range, from 0 to 1. */
export interface Position {
  name: string;
  learnt: number;
  /** The hidden value; null where the model has parameters of its own. */
  hidden: number | null;
  isFrozen: boolean;
  /** The derivative of the loss; null where it is not known. */
  gradient: number | null;
}

export type Progress =
  | { state: 'learning'; seconds: number }
  /** All values are found, so many seconds after they were hidden. */
  | { state: 'found'; seconds: number }
  /** There is no difference to learn from, as with a button that nobody presses. */
  | { state: 'silent' }
  /**
   * Nothing moves any more, and something is not found: `unheard` makes no difference to the sound,
   * `ends` are at an end of their range.
   */
  | { state: 'stuck'; unheard: string[]; ends: string[] };

/** This near is found, in parts of a range. */
const FOUND = 0.01;
/** This near to an end of its range, a parameter is held there. */
const END = 0.002;
/** Nothing moves, where the means of two pieces of this length, in seconds, differ by less. */
const PIECE = 1.5;
const STILL = 0.003;
/** Seconds after which most programs have found what they find. */
const LONG = 15;
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
    // Of a model with parameters of its own, nobody knows where they should be.
    if (!moving.length || moving.some(({ hidden }) => hidden === null))
      return { state: 'learning', seconds: 0 };
    if (!missing.length) {
      this.foundAt ??= this.seconds;
      return { state: 'found', seconds: this.foundAt };
    }
    this.foundAt = null;
    this.isStuck = this.seconds >= 2 * PIECE && this.isWithin(this.isStuck ? MOVED : STILL);
    if (!this.isStuck) return { state: 'learning', seconds: this.seconds };
    if (this.past.every((report) => report.loss === 0)) return { state: 'silent' };
    const isSilent = ({ name }: Position): boolean =>
      this.past.every(({ positions: then }) =>
        then.some((one) => one.name === name && one.gradient === 0),
      );
    const unheard = missing.filter(isSilent).map(({ name }) => name);
    const ends = missing
      .filter(({ name, learnt }) => !unheard.includes(name) && (learnt < END || learnt > 1 - END))
      .map(({ name }) => name);
    return { state: 'stuck', unheard, ends };
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

/**
 * What there is to say, for people.
 *
 * @param hasButtons whether somebody can press a button of the program.
 */
export function sentence(progress: Progress, hasButtons: boolean): string {
  switch (progress.state) {
    case 'learning':
      return progress.seconds < LONG
        ? 'Learning …'
        : `Learning for ${Math.floor(progress.seconds)} s. Where values go back and forth, start ` +
            'nearer to the hidden ones, choose another loss, or a lower learning rate.';
    case 'found':
      return `Found within 1 % after ${progress.seconds.toFixed(1)} s.`;
    case 'silent':
      return (
        'There is no difference to hear now, and so nothing to learn from' +
        (hasButtons ? ': hold a button, or let “buttons” press it.' : '.')
      );
    case 'stuck': {
      const { unheard, ends } = progress;
      const said = ['Stuck: nothing moves any more.'];
      if (unheard.length) said.push(`The sound does not change with ${unheard.join(', ')} now.`);
      if (ends.length === 1) said.push(`${ends.join()} is at an end of its range.`);
      if (ends.length > 1) said.push(`${ends.join(', ')} are at ends of their ranges.`);
      if (!unheard.length || ends.length)
        said.push('Start nearer to the hidden values, or choose another loss.');
      return said.join(' ');
    }
  }
}
