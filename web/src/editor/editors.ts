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
import { EditorState, Transaction, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { faustSupport } from '../faust/language';

const shared: Extension = [
  lineNumbers(),
  foldGutter({ openText: '⌄', closedText: '›' }),
  drawSelection(),
  bracketMatching(),
  highlightSelectionMatches(),
  faustSupport(),
  EditorView.theme({}, { dark: false }),
];

export function sourceEditor(
  parent: HTMLElement,
  text: string,
  onEdit: (text: string) => void,
  extension: Extension,
): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        shared,
        history(),
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
          if (update.docChanged) onEdit(update.state.doc.toString());
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

/** Replaces the text of an editor, which can be undone where there is a history. */
export function setText(editor: EditorView, text: string): void {
  if (editor.state.doc.toString() === text) return;
  editor.dispatch({
    changes: { from: 0, to: editor.state.doc.length, insert: text },
    selection: { anchor: 0 },
    annotations: Transaction.userEvent.of('input.replace'),
  });
}
