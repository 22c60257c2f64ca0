/** What a check has found, in words. */
import type { Check } from '../engine/protocol';
import { significant } from './numbers';

/** The mark of each verdict, and what it means; the worst first. */
export const VERDICTS: Record<string, { mark: string; means: string }> = {
  mismatch: { mark: '✕', means: 'the derivative is wrong: please report it' },
  undefined: { mark: '✕', means: 'the output is infinite, or not a number' },
  jump: { mark: '⌐', means: 'at some samples the output jumps; the others agree' },
  kink: { mark: '∧', means: 'the slopes on both sides differ there, so there is no derivative' },
  stopped: {
    mark: '–',
    means: 'the program itself stops or bounds the derivative; without that, it agrees',
  },
  quantised: {
    mark: '≈',
    means: 'the parameter acts through steps, so no quotient can confirm the slope',
  },
  agrees: { mark: '✓', means: 'the derivative is what the quotients say' },
  zero: {
    mark: '○',
    means: 'to turn it a little changes nothing, at any of these settings, in the time computed',
  },
};
/** So many derivatives are named; the others are in the table. */
const MOST_NAMES = 6;

export interface Summary {
  /** How many derivatives agree; null where there is nothing to compare. */
  first: string | null;
  /** The other verdicts: which derivatives have them, and what they mean. */
  others: { verdict: string; told: string }[];
}

export function summary({ derivatives, points }: Check): Summary {
  const of = (verdict: string) => derivatives.filter((one) => one.verdict === verdict);
  const agreeing = of('agrees').length;
  // What is zero has nothing to compare.
  const count = derivatives.length - of('zero').length;
  const zeros = derivatives.length - count;
  const besides = zeros ? ` (${zeros} ${zeros === 1 ? 'other is' : 'others are'} zero)` : '';
  const where = points.length === 1 ? '1 setting' : `${points.length} settings`;
  const first =
    count === 1
      ? `The derivative ${agreeing ? 'agrees' : 'was compared'}, at ${where} of the sliders.`
      : `${agreeing} of ${count} derivatives ${agreeing === 1 ? 'agrees' : 'agree'}${besides}, ` +
        `each at ${where} of the sliders.`;
  const others = Object.entries(VERDICTS)
    .filter(([verdict]) => verdict !== 'agrees' && of(verdict).length > 0)
    .map(([verdict, { means }]) => {
      const settings = verdict === 'zero' || points.length === 1 ? [] : settingsOf(of(verdict));
      const at = settings.length ? ` at setting ${listed(settings)}` : '';
      return { verdict, told: `${named(of(verdict))}${at} – ${means}.` };
    });
  return { first: count > 0 ? first : null, others };
}

function settingsOf(derivatives: Check['derivatives']): string[] {
  return [...new Set(derivatives.map(({ point }) => point))].sort().map((at) => String(at + 1));
}

function named(derivatives: Check['derivatives']): string {
  const names = derivatives.slice(0, MOST_NAMES).map(({ name }) => name);
  const rest = derivatives.length - names.length;
  return listed(rest > 0 ? [...names, `${rest} more`] : names);
}

/** The values of the sliders at a point. */
export function setting(values: Record<string, number>): string {
  const paths = Object.keys(values);
  if (paths.length === 0) return 'the initial values';
  const labels = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
  const shown = (path: string, index: number): string => {
    const label = labels[index] ?? path;
    return labels.indexOf(label) === labels.lastIndexOf(label) ? label : path;
  };
  return paths
    .map((path, index) => `${shown(path, index)} = ${significant(values[path] ?? 0, 6)}`)
    .join(', ');
}

/** What the columns of numbers mean. */
export function legend({ frames, rate, verdicts }: Check): string {
  const samples = verdicts.some(({ sample }) => sample !== null)
    ? ' The sample is the first one that is wrong, or at a jump or a kink.'
    : '';
  return (
    'The error is the largest difference of derivative and quotient where the program is smooth, ' +
    `in units of the largest quotient; up to the limit beside it, they agree.${samples} Each ` +
    `setting was computed for ${frames} samples at ${rate} Hz.`
  );
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
