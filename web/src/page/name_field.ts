/** The name of the program, which can be changed where it stands. */
import { byId } from './dom';
import { completed, nameProblem } from './names';

/**
 * @param others tells which names are taken.
 * @param onName is told a new name, which is one of a file.
 * @returns shows a name, unless another one is being typed.
 */
export function startNameField(
  others: () => readonly string[],
  onName: (name: string) => void,
): (name: string) => void {
  const field = byId<HTMLInputElement>('source-name');
  const told = byId('name-problem');
  let current = '';
  const say = (problem: string | null): void => {
    told.textContent = problem ?? '';
    field.setAttribute('aria-invalid', String(problem !== null));
  };
  const show = (name: string): void => {
    current = name;
    field.value = name;
    say(null);
  };
  field.addEventListener('change', () => {
    const name = completed(field.value);
    const problem = nameProblem(name, others());
    say(problem);
    if (problem !== null) return;
    show(name);
    onName(name);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') show(current);
    else if (event.key !== 'Enter') say(null);
  });
  return (name) => {
    if (name !== current) show(name);
  };
}
