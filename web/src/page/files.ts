/** Files that somebody chooses or drops: a program to open, or what one needs beside it. */
import { dataOf, modelOf, nameProblem, UNNAMED } from './names';

/** The name of a file, and its text. */
export type TextFile = readonly [name: string, text: string];

export interface Taken {
  /** What is to be opened; null where all files belong to the program that is there. */
  program: { name: string; source: string } | null;
  beside: Record<string, string>;
}

/**
 * Tells a program from what it needs.
 *
 * A library is beside a program. So is a program that another one names, as in
 * `component("echo.dsp")`, and its model and its data, which go by names.
 *
 * @param files what somebody has given.
 * @param open the program that is there.
 */
export function taken(files: readonly TextFile[], open: TextFile): Taken {
  const isNeeded = (name: string): boolean =>
    [open, ...files].some(
      ([other, text]) =>
        other !== name &&
        (name === modelOf(other) || name === dataOf(other) || text.includes(`"${name}"`)),
    );
  const program = files.find(([name]) => name.endsWith('.dsp') && !isNeeded(name));
  const beside = Object.fromEntries(files.filter((file) => file !== program));
  if (!program) return { program: null, beside };
  const [name, source] = program;
  return { program: { name: nameProblem(name) === null ? name : UNNAMED, source }, beside };
}
