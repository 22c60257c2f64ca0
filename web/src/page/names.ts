/** Names of files. */

/** The model that learns to be like a program is beside it, where it is another program. */
export const modelOf = (name: string): string => name.replace(/\.dsp$/, '_model.dsp');

/** So is the program that makes what is heard, with what is to be matched. */
export const dataOf = (name: string): string => name.replace(/\.dsp$/, '_data.dsp');

/** What a program is called that nobody has given a name. */
export const UNNAMED = 'program.dsp';

/** Some system has no files with these in their names. */
// eslint-disable-next-line no-control-regex -- these are meant
const FORBIDDEN = /[/\\:*?"<>|\u0000-\u001f\u007f]/;
const LONGEST = 100;

/** A name as somebody types it: the end goes without saying. */
export function completed(typed: string): string {
  const name = typed.trim();
  return name === '' || name.includes('.') ? name : `${name}.dsp`;
}

/**
 * Why a program cannot be called so, as a sentence; null where it can.
 *
 * @param others the names of the files beside it.
 */
export function nameProblem(name: string, others: readonly string[] = []): string | null {
  if (!/^[^.].*\.dsp$/.test(name)) return 'A program’s name ends in .dsp, as in mine.dsp.';
  if (FORBIDDEN.test(name)) return 'A name of a file has none of / \\ : * ? " < > | in it.';
  if (name.length > LONGEST) return `A name has at most ${LONGEST} characters.`;
  if (others.includes(name)) return 'There is an added file of this name.';
  return null;
}
