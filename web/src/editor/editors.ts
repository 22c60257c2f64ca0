/** The two editors: one for the program, one that shows what became of it. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, toggleComment } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentUnit } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { faustSupport } from '../faust/language';
import { openedBy, withHistory, type Beside } from './opening';

const shared: Extension = [
  lineNumbers(),
  foldGutter({ openText: '⌄', closedText: '›' }),
  drawSelection(),
  bracketMatching(),
  highlightSelectionMatches(),
  faustSupport(),
  EditorView.theme({}, { dark: false }),
];

/**
 * The editor of the program.
 *
 * @param beside tells what is beside the text.
 * @param onEdit is told a new text; and what is beside it, if it is another program.
 */
export function sourceEditor(
  parent: HTMLElement,
  text: string,
  beside: () => Beside,
  onEdit: (text: string, beside: Beside | null) => void,
  extension: Extension,
): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        shared,
        history(),
        withHistory(beside),
        indentUnit.of('    '),
        closeBrackets(),
        autocompletion({ icons: false }),
        // Tab goes on to the next part of the page: it is left to those who have no mouse.
        keymap.of([
          { key: 'Mod-/', run: toggleComment },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...foldKeymap,
          ...searchKeymap,
          ...lintKeymap,
        ]),
        EditorView.contentAttributes.of({ 'aria-label': 'Faust program', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          const beside = openedBy(update);
          if (update.docChanged || beside) onEdit(update.state.doc.toString(), beside);
        }),
        extension,
      ],
    }),
  });
}

export function resultEditor(parent: HTMLElement, extension: Extension): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        shared,
        EditorState.readOnly.of(true),
        keymap.of([...defaultKeymap, ...foldKeymap, ...searchKeymap]),
        // There is a caret, for the keyboard; but on a phone nothing to type.
        EditorView.contentAttributes.of({
          'aria-label': 'What fad writes',
          'aria-readonly': 'true',
          inputmode: 'none',
          tabindex: '0',
        }),
        extension,
      ],
    }),
  });
}

/** Replaces the text of an editor. */
export function setText(editor: EditorView, text: string): void {
  if (editor.state.doc.toString() === text) return;
  editor.dispatch({
    changes: { from: 0, to: editor.state.doc.length, insert: text },
    selection: { anchor: 0 },
  });
}
