/** Hover over a definition, or put the caret there, and its partner in the other editor lights up. */
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';
import type { Link, Range } from '../engine/protocol';

type Side = 'source' | 'dual';

const light = StateEffect.define<Range | null>();

const lit = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (effect.is(light)) next = decorated(effect.value, transaction.newDoc.length);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorated(range: Range | null, length: number): DecorationSet {
  if (range === null || range.from >= Math.min(range.to, length)) return Decoration.none;
  const mark = Decoration.mark({ class: 'cm-lit' });
  return Decoration.set(mark.range(range.from, Math.min(range.to, length)));
}

/** The smallest link that is at a position of one side. */
export function linkAt(links: readonly Link[], side: Side, position: number): Link | null {
  const size = (link: Link): number => link[side].to - link[side].from;
  return links
    .filter((link) => link[side].from <= position && position <= link[side].to)
    .reduce<Link | null>((best, link) => (best && size(best) <= size(link) ? best : link), null);
}

export class Links {
  private links: readonly Link[] = [];
  private shown: Link | null = null;
  private readonly editors: Partial<Record<Side, EditorView>> = {};

  /** @param onLight is told which link is lit. */
  constructor(private readonly onLight: (link: Link | null) => void) {}

  set(links: readonly Link[]): void {
    this.links = links;
    this.show(null);
  }

  /** What the editor of a side needs. */
  extension(side: Side): Extension {
    return [
      lit,
      EditorView.domEventHandlers({
        mousemove: (event, view) => {
          const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
          this.show(position === null ? null : linkAt(this.links, side, position));
        },
        mouseleave: () => {
          this.show(null);
        },
      }),
      EditorView.updateListener.of((update) => {
        this.editors[side] = update.view;
        if (update.docChanged) this.shown = null;
        if (!update.selectionSet || update.docChanged || !update.view.hasFocus) return;
        const link = linkAt(this.links, side, update.state.selection.main.head);
        // An update may not change an editor: it is lit when this one is over.
        queueMicrotask(() => {
          this.show(link, side);
        });
      }),
    ];
  }

  /** @param from the side on which the caret is: the other one scrolls to the partner. */
  private show(link: Link | null, from?: Side): void {
    if (link === this.shown) return;
    this.shown = link;
    for (const side of ['source', 'dual'] as const) {
      const range = link?.[side] ?? null;
      const scroll = range && from && side !== from;
      this.editors[side]?.dispatch({
        effects: [
          light.of(range),
          ...(scroll ? [EditorView.scrollIntoView(range.from, { y: 'nearest', yMargin: 40 })] : []),
        ],
      });
    }
    this.onLight(link);
  }
}
