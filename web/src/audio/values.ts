/** Where sliders stand: what somebody has moved, by paths, which goes with the program. */
import { keyOf, type Widget } from './widgets';

export type Moved = Readonly<Record<string, number>>;

export class Values {
  private moved: Moved = {};

  /** @param onMove is told all that is moved, whenever more is. */
  constructor(private readonly onMove: (moved: Moved) => void) {}

  /** Where a widget stands. */
  of(widget: Widget): number {
    const value = this.moved[keyOf(widget)];
    if (value === undefined) return widget.init;
    // Another program, or a link, may have another range.
    return Math.min(widget.max, Math.max(widget.min, value));
  }

  move(widget: Widget, value: number): void {
    // A button is only down while it is held.
    if (widget.kind === 'button') return;
    this.moved = { ...this.moved, [keyOf(widget)]: value };
    this.onMove(this.moved);
  }

  /** Everything stands as it does in another program. */
  replace(moved: Moved): void {
    this.moved = moved;
  }
}
