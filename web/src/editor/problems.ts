/** What is wrong with a program: as squiggles at its place, and as a list for all who cannot hover. */
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import type { EditorView } from '@codemirror/view';
import type { Problem } from '../engine/protocol';
import { h } from '../page/dom';
import { messageNodes } from './message';

export interface Found extends Problem {
  severity: 'error' | 'warning';
}

/**
 * Shows problems.
 *
 * @param own the name of the program's own file: other places are only named.
 * @param onGo is called before the editor goes to a place.
 */
export function showProblems(
  editor: EditorView,
  list: HTMLElement,
  problems: readonly Found[],
  own: string,
  onGo: () => void,
): void {
  const { length } = editor.state.doc;
  const diagnostics = problems.flatMap((problem): Diagnostic[] => {
    const { place } = problem;
    if (!place || place.file !== own) return [];
    const from = Math.min(place.from, length);
    const to = Math.min(Math.max(place.to, from), length);
    const { severity, message } = problem;
    return [{ from, to, severity, message, renderMessage: () => h('div', {}, ...texts(problem)) }];
  });
  editor.dispatch(setDiagnostics(editor.state, diagnostics));
  list.replaceChildren(...problems.map((problem) => item(editor, problem, own, onGo)));
  list.hidden = problems.length === 0;
}

function item(editor: EditorView, problem: Found, own: string, onGo: () => void): HTMLElement {
  const { place } = problem;
  const where =
    place && `${place.file === own ? '' : `${place.file}:`}${place.line}:${place.column}`;
  const text = texts(problem);
  const kind = h('span', { class: 'visually-hidden' }, `${problem.severity}: `);
  if (!place || place.file !== own) {
    return h('li', { class: problem.severity }, kind, where ? `${where} ` : null, ...text);
  }
  const go = h(
    'button',
    { type: 'button', class: 'problem-place' },
    h('span', { class: 'visually-hidden' }, 'Go to '),
    where,
  );
  go.addEventListener('click', () => {
    onGo();
    const anchor = Math.min(place.from, editor.state.doc.length);
    editor.dispatch({ selection: { anchor }, scrollIntoView: true });
    editor.focus();
  });
  return h('li', { class: problem.severity }, kind, go, ...text);
}

function texts({ message, hint }: Problem): HTMLElement[] {
  const told = h('span', { class: 'problem-message' }, ...messageNodes(message));
  return hint ? [told, h('span', { class: 'problem-hint' }, ...messageNodes(hint))] : [told];
}
