/** Hover over a definition, or put the caret there, and its partner in the other editor lights up. */
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';
import type { Link, Range } from '../engine/protocol';

type Side = 'source' | 'dual';

const light = StateEffect.define<readonly Range[]>();

const mark = Decoration.mark({ class: 'cm-lit' });

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

function decorated(ranges: readonly Range[], length: number): DecorationSet {
  const inside = ranges.filter(({ from, to }) => from < to && to <= length);
  const marks = inside.map(({ from, to }) => mark.range(from, to));
  return Decoration.set(marks, true);
}

/** The links at a position of one side: those of the smallest part there, which can become many. */
export function linksAt(links: readonly Link[], side: Side, position: number): readonly Link[] {
  const size = (link: Link): number => link[side].to - link[side].from;
  const here = links.filter(({ [side]: { from, to } }) => from <= position && position <= to);
  const smallest = Math.min(...here.map(size));
  return here.filter((link) => size(link) === smallest);
}

export class Links {
  private links: readonly Link[] = [];
  private shown: readonly Link[] = [];
  private readonly editors: Partial<Record<Side, EditorView>> = {};

  /** @param onLight is told which links are lit. */
  constructor(private readonly onLight: (links: readonly Link[]) => void) {}

  set(links: readonly Link[]): void {
    this.links = links;
    this.show([]);
  }

  /** What the editor of a side needs. */
  extension(side: Side): Extension {
    return [
      lit,
      EditorView.domEventHandlers({
        mousemove: (event, view) => {
          const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
          this.show(position === null ? [] : linksAt(this.links, side, position));
        },
        mouseleave: () => {
          this.show([]);
        },
      }),
      EditorView.updateListener.of((update) => {
        this.editors[side] = update.view;
        if (update.docChanged) this.shown = [];
        if (!update.selectionSet || update.docChanged || !update.view.hasFocus) return;
        const links = linksAt(this.links, side, update.state.selection.main.head);
        // An update may not change an editor: it is lit when this one is over.
        queueMicrotask(() => {
          this.show(links, side);
        });
      }),
    ];
  }

  /** @param from the side on which the caret is: the other one scrolls to the first partner. */
  private show(links: readonly Link[], from?: Side): void {
    if (links.length === this.shown.length && links.every((link, at) => link === this.shown[at])) {
      return;
    }
    this.shown = links;
    for (const side of ['source', 'dual'] as const) {
      // One part of the source can have become many definitions: it is lit once.
      const ranges = new Map(
        links.map(({ [side]: range }) => [`${range.from}-${range.to}`, range]),
      );
      const [first] = ranges.values();
      const scroll = first !== undefined && from !== undefined && side !== from;
      this.editors[side]?.dispatch({
        effects: [
          light.of([...ranges.values()]),
          ...(scroll ? [EditorView.scrollIntoView(first.from, { y: 'nearest', yMargin: 40 })] : []),
        ],
      });
    }
    this.onLight(links);
  }
}
