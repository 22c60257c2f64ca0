/** Names of files. */

/** The model that learns to be like a program is beside it, where it is another program. */
export const modelOf = (name: string): string => name.replace(/\.dsp$/, '_model.dsp');

/** So is the program that makes what is heard, with what is to be matched. */
export const dataOf = (name: string): string => name.replace(/\.dsp$/, '_data.dsp');
