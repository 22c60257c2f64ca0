/** What fad writes: a job for each tab that shows a text. */
import type { EngineClient } from '../engine/client';
import type { Answer, Link, Program } from '../engine/protocol';
import { askToLearn, commandOf, type Settings } from './settings';

export type TextView = 'dual' | 'reverse' | 'expanded' | 'learning';
export type Part = 'forward' | 'adjoint' | 'control';

/** A text to show. */
export interface Written {
  /** The name of its file, as the command line gives it. */
  name: string;
  text: string;
  /** One sentence on what it is; names and commands in it are in backquotes. */
  about: string;
  links: readonly Link[];
}

const PARTS: Record<Part, string> = {
  forward: 'Computes the outputs, and records what its adjoint needs.',
  adjoint: 'Runs on reversed time: takes what was recorded back to the parameters.',
  control: 'Turns the sums of the adjoint’s outputs into derivatives.',
};

/** All text views share this channel: only the one that is looked at matters. */
const CHANNEL = 'text';

/** Has a text written; null where a later request took the place of this one. */
export async function written(
  engine: EngineClient,
  view: TextView,
  part: Part,
  program: Program,
  settings: Settings,
): Promise<Answer<Written> | null> {
  const stem = program.name.replace(/\.dsp$/, '');
  switch (view) {
    case 'dual':
      return map(await engine.ask('transform', program, CHANNEL), ({ text, outputs, links }) => ({
        name: `${stem}.dual.dsp`,
        text,
        about: `Outputs: ${outputs.join(', ')}`,
        links,
      }));
    case 'reverse':
      return map(await engine.ask('reverse', program, CHANNEL), (programs) => ({
        name: `${stem}.${part}.dsp`,
        text: programs[part],
        about: programs[part] ? PARTS[part] : 'No parameter needs this program here.',
        links: [],
      }));
    case 'expanded':
      return map(await engine.ask('expand', program, CHANNEL), ({ text }) => ({
        name: `${stem}.expanded.dsp`,
        text,
        about: 'The program without libraries, functions and patterns.',
        links: [],
      }));
    case 'learning': {
      const asked = await askToLearn(engine, program, settings, CHANNEL);
      if (asked === null) return null;
      const command = commandOf(program, asked.settings);
      return map(asked.answer, ({ text }) => ({
        name: `${stem}.learning.dsp`,
        text,
        about: `Finds the sliders of this program by listening to it: \`${command}\``,
        links: [],
      }));
    }
  }
}

function map<From, To>(answer: Answer<From> | null, to: (result: From) => To): Answer<To> | null {
  return answer?.ok ? { ...answer, result: to(answer.result) } : answer;
}
