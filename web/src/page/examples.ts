/** The example programs of the repository, by groups. */
import { h } from './dom';
import { modelOf } from './names';

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
}

export const EXAMPLES: readonly Example[] = Object.entries(texts)
  .map(([path, source]) => {
    const [name = '', folder = ''] = path.split('/').reverse();
    const model = texts[path.replace(name, modelOf(name))];
    const files = model === undefined ? {} : { [modelOf(name)]: model };
    return { group: folder === 'examples' ? '' : folder, name, source, files };
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
