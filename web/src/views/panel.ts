/** A tab that does something with a program. */
import type { Answer, Program } from '../engine/protocol';
import type { Settings } from './settings';

export interface Panel {
  /**
   * Shows what becomes of a program.
   *
   * @param settings how it is to learn.
   * @returns what the engine answered; null where something later took the place of this.
   */
  show(program: Program, settings: Settings): Promise<Answer<unknown> | null>;
  /** Another program has been opened: what is seen of the one before says nothing about it. */
  forget?(): void;
  /** Ends what goes on by itself: another tab is looked at. */
  hide?(): void;
}
