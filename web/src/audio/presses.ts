/** A button is down for a block at least, however short somebody presses it. */

export class Presses {
  /** Buttons that went down after the last block; and those of them that went up again. */
  private readonly pressed = new Set<number>();
  private readonly released = new Set<number>();

  /**
   * @param buttons the indices of the buttons among all widgets.
   * @param set gives a program the value of a widget.
   */
  constructor(
    private readonly buttons: readonly number[],
    private readonly set: (index: number, value: number) => void,
  ) {}

  /** Somebody has moved a widget, or pressed or released a button. */
  put(index: number, value: number): void {
    if (value === 0 && this.pressed.has(index)) {
      this.released.add(index);
      return;
    }
    this.released.delete(index);
    if (value !== 0 && this.buttons.includes(index)) this.pressed.add(index);
    this.set(index, value);
  }

  /** The program has computed a block: what was released goes up. */
  computed(): void {
    this.pressed.clear();
    for (const index of this.released) this.set(index, 0);
    this.released.clear();
  }
}
