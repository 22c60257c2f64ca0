/** How a program is to learn: what `fad estimate` is asked for. */
import type { EngineClient } from '../engine/client';
import type { Answer, Learnt, Program, Results } from '../engine/protocol';
import { dataOf, modelOf } from '../page/names';
import { isRecord, only } from '../page/records';

export interface Settings {
  loss: string;
  optimizer: string;
  input: string;
  /** After so many seconds the buttons are pressed again; null where somebody presses them. */
  restart: number | null;
  /** Where parameters start, by their paths; others where `fad estimate` puts them. */
  start: Record<string, number>;
}

/** What there is to choose from; the first is the usual one, which finds most of what there is. */
export const CHOICES = {
  loss: ['l2', 'l1', 'huber', 'logcosh', 'msle', 'spectral', 'crossentropy', 'categorical'],
  optimizer: ['auto', 'adam', 'nadam', 'rmsprop', 'momentum', 'nesterov', 'sgd', 'sign'],
  input: ['noise', 'sine'],
} as const;

export type Choice = keyof typeof CHOICES;

export const USUAL: Settings = {
  loss: CHOICES.loss[0],
  optimizer: CHOICES.optimizer[0],
  input: CHOICES.input[0],
  restart: null,
  start: {},
};

/** What the command chooses where nothing is said. */
const OF_THE_COMMAND = { loss: 'l2', optimizer: 'adam', input: 'noise', restart: null };

/** Settings that came from elsewhere; what is missing, or nothing of the kind, is the usual. */
export function settingsIn(value: unknown): Settings {
  const told = isRecord(value) ? value : {};
  const text = (name: Choice): string => {
    const one = told[name];
    return typeof one === 'string' ? one : USUAL[name];
  };
  const restart = told['restart'];
  return {
    loss: text('loss'),
    optimizer: text('optimizer'),
    input: text('input'),
    restart: typeof restart === 'number' ? restart : null,
    start: only(told['start'], (one) => typeof one === 'number'),
  };
}

/** What is asked of fad: the settings, and what is beside the program under its name. */
function optionsOf({ name, files }: Program, settings: Settings): Settings & { model?: string } {
  const [model, data] = [modelOf(name), dataOf(name)];
  return {
    ...settings,
    ...(model in files && { model }),
    ...(data in files && { input: data }),
  };
}

/** The command that writes the same program. */
export function commandOf(program: Program, settings: Settings): string {
  const { model, start, ...options } = optionsOf(program, settings);
  const told = Object.entries(options).flatMap(([name, value]) =>
    value === OF_THE_COMMAND[name as keyof typeof OF_THE_COMMAND]
      ? []
      : [`--${name} ${quoted(String(value))}`],
  );
  const starts = Object.entries(start).map(([path, value]) => `${path}=${value}`);
  return [
    `fad estimate ${quoted(program.name)}`,
    ...(model === undefined ? [] : [`--estimate ${quoted(model)}`]),
    ...(starts.length ? [`--start ${quoted(starts.join())}`] : []),
    ...told,
  ].join(' ');
}

function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** What came of asking for a program that learns, and the settings that suit it. */
export interface Asked {
  answer: Answer<Results['learn']>;
  settings: Settings;
}

/**
 * Asks for the program that learns.
 *
 * Settings stay while a program is edited: starts of sliders that are gone, or have other ranges,
 * are left out, and so is what presses buttons where there is none.
 *
 * @param more further options of the job.
 * @returns null where a later request of the channel took the place of this one.
 */
export async function askToLearn(
  engine: EngineClient,
  program: Program,
  settings: Settings,
  channel: string,
  more: Record<string, unknown> = {},
): Promise<Asked | null> {
  const ask = async (tried: Settings): Promise<Asked | null> => {
    const options = { ...optionsOf(program, tried), ...more };
    const answer = await engine.ask('learn', { ...program, options }, channel);
    return answer && { answer, settings: tried };
  };
  const first = await ask(settings);
  if (!first || first.answer.ok) return first;
  for (const restart of new Set([settings.restart, null])) {
    const plain = await ask({ ...settings, restart, start: {} });
    if (!plain) return null;
    if (!plain.answer.ok) continue;
    const start = suiting(settings.start, plain.answer.result.parameters);
    return Object.keys(start).length ? ask({ ...plain.settings, start }) : plain;
  }
  return first;
}

/** The starts of parameters that there are, inside their ranges. */
function suiting(
  start: Record<string, number>,
  parameters: readonly Learnt[],
): Record<string, number> {
  return Object.fromEntries(
    parameters.flatMap(({ path, min, max }) => {
      const value = start[path];
      return value !== undefined && value >= min && value <= max ? [[path, value]] : [];
    }),
  );
}
