/** The example programs of the repository, by groups. */
import catalogue from '../../../examples/learn/catalogue.json';
import { USUAL, type Settings } from '../views/settings';
import { h } from './dom';
import { dataOf, modelOf, UNNAMED } from './names';
import template from './template.dsp?raw';

const texts = import.meta.glob<string>(
  ['../../../examples/*.dsp', '../../../examples/{learn,operators,ddsp,fit}/*.dsp'],
  { query: '?raw', import: 'default', eager: true },
);

/** Folder, title, and what tells a program from one of the same name in another group. */
const GROUPS: readonly (readonly [string, string, string])[] = [
  ['', 'First programs', ''],
  ['learn', 'Programs that learn', 'learning'],
  ['operators', 'Derivatives inside programs', 'operators'],
  ['ddsp', 'Instruments', 'instrument'],
  ['fit', 'Recordings', 'recording'],
];

export interface Example {
  group: string;
  name: string;
  source: string;
  /** What it needs beside it: names and texts. */
  files: Record<string, string>;
  learning?: Settings;
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

/** What a program of one's own begins with. */
export const NEW: Example = { group: 'new', name: UNNAMED, source: template, files: {} };

/** What an example is called in the menu, where its group is not seen once it is chosen. */
export function labelOf({ group, name }: Example): string {
  const label = name.replace(/\.dsp$/, '').replaceAll('_', ' ');
  const word = GROUPS.find(([folder]) => folder === group)?.[2];
  const isAmbiguous = EXAMPLES.some((other) => other.name === name && other.group !== group);
  return isAmbiguous && word ? `${label} (${word})` : label;
}

/**
 * Fills a menu with the examples.
 *
 * @returns lets the menu say which example a text is, if it is one.
 */
export function fillExamples(
  menu: HTMLSelectElement,
  onChoice: (example: Example) => void,
): (source: string) => void {
  const option = (example: Example, label: string): HTMLElement =>
    h('option', { value: addressOf(example) }, label);
  menu.append(
    h('option', { value: '' }, 'Examples'),
    option(NEW, 'New program'),
    ...GROUPS.map(([group, title]) => {
      const members = EXAMPLES.filter((example) => example.group === group);
      const options = members.map((example) => option(example, labelOf(example)));
      return h('optgroup', { label: title }, ...options);
    }),
  );
  const all = [NEW, ...EXAMPLES];
  let shown = '';
  menu.addEventListener('change', () => {
    const example = all.find((one) => addressOf(one) === menu.value);
    if (example) onChoice(example);
    else menu.value = shown;
  });
  return (source) => {
    const example = all.find((one) => one.source === source);
    shown = example ? addressOf(example) : '';
    menu.value = shown;
  };
}

/** The example at an address in the folder of examples, as in `learn/onepole.dsp`. */
export function exampleAt(address: string): Example | null {
  return EXAMPLES.find((example) => addressOf(example) === address) ?? null;
}

/** Where an example is, in the folder of examples. */
function addressOf({ group, name }: Example): string {
  return group ? `${group}/${name}` : name;
}
