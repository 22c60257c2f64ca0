/** Another program takes the place of one; undoing brings that back, with all that is beside its text. */
import { invertedEffects, isolateHistory } from '@codemirror/commands';
import { StateEffect, Transaction, type Extension } from '@codemirror/state';
import { EditorView, type ViewUpdate } from '@codemirror/view';
import type { Settings } from '../views/settings';

/** What a program has beside its text. */
export interface Beside {
  name: string;
  files: Record<string, string>;
  values?: Record<string, number>;
  learning?: Settings;
}

const opened = StateEffect.define<Beside>();

/**
 * Keeps what is beside a text with that text, in the history.
 *
 * @param current what is beside the text that is there.
 */
export function withHistory(current: () => Beside): Extension {
  return invertedEffects.of((change) =>
    change.effects.filter((effect) => effect.is(opened)).map(() => opened.of(current())),
  );
}

export function open(editor: EditorView, text: string, beside: Beside): void {
  editor.dispatch({
    changes: { from: 0, to: editor.state.doc.length, insert: text },
    selection: { anchor: 0 },
    effects: opened.of(beside),
    annotations: [Transaction.userEvent.of('input.replace'), isolateHistory.of('full')],
  });
}

/** What is beside a program that an update has opened; null where it has opened none. */
export function openedBy(update: ViewUpdate): Beside | null {
  const effects = update.transactions.flatMap((change) => change.effects);
  return effects.findLast((effect) => effect.is(opened))?.value ?? null;
}
