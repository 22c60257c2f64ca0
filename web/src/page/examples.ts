/** The example programs of the repository, by groups. */
import catalogue from '../../../examples/learn/catalogue.json';
import { USUAL, type Settings } from '../views/settings';
import { h } from './dom';
import { dataOf, modelOf } from './names';

const texts = import.meta.glob<string>(
  ['../../../examples/*.dsp', '../../../examples/{learn,operators,ddsp,fit}/*.dsp'],
  { query: '?raw', import: 'default', eager: true },
);

const GROUPS: readonly (readonly [string, string])[] = [
  ['', 'First programs'],
  ['learn', 'Programs that learn'],
  ['operators', 'Derivatives inside programs'],
  ['ddsp', 'Instruments'],
  ['fit', 'Recordings'],
];

export interface Example {
  group: string;
  name: string;
  source: string;
  /** What it needs beside it: names and texts. */
  files: Record<string, string>;
  learning: Settings;
}

/** What is told of a program that learns. */
interface Entry {
  name: string;
  model?: string;
  data?: string;
  options?: { loss?: string };
}

const ENTRIES = new Map((catalogue as Entry[]).map((entry) => [entry.name, entry]));

export const EXAMPLES: readonly Example[] = Object.entries(texts)
  .map(([path, source]) => {
    const [name = '', folder = ''] = path.split('/').reverse();
    const group = folder === 'examples' ? '' : folder;
    const entry = group === 'learn' ? ENTRIES.get(name.replace(/\.dsp$/, '')) : undefined;
    const beside = (file: string | undefined): string | undefined =>
      file && texts[path.replace(name, `${file}.dsp`)];
    const found = { [modelOf(name)]: beside(entry?.model), [dataOf(name)]: beside(entry?.data) };
    const files = Object.fromEntries(
      Object.entries(found).flatMap(([file, text]) => (text === undefined ? [] : [[file, text]])),
    );
    const loss = entry?.options?.loss ?? USUAL.loss;
    return { group, name, source, files, learning: { ...USUAL, loss } };
  })
  // Models and data are parts of other examples.
  .filter(({ name }) => !/_(model|data)\.dsp$/.test(name))
  .sort((a, b) => a.name.localeCompare(b.name));

/** Fills a menu with the examples. */
export function fillExamples(menu: HTMLSelectElement, onChoice: (example: Example) => void): void {
  menu.append(
    h('option', { value: '' }, 'Examples'),
    ...GROUPS.map(([group, title]) =>
      h(
        'optgroup',
        { label: title },
        ...EXAMPLES.flatMap((example, index) =>
          example.group === group
            ? [
                h(
                  'option',
                  { value: index },
                  example.name.replace(/\.dsp$/, '').replaceAll('_', ' '),
                ),
              ]
            : [],
        ),
      ),
    ),
  );
  menu.addEventListener('change', () => {
    const example = EXAMPLES[Number(menu.value)];
    if (menu.value !== '' && example !== undefined) onChoice(example);
  });
}
