/** What was typed, kept in the browser. */
import { checked, type Shared } from './share';

const KEY = 'fad.playground';

export function save(shared: Shared): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(shared));
  } catch {
    // The browser keeps nothing: private windows do that.
  }
}

export function saved(): Shared | null {
  try {
    return checked(JSON.parse(localStorage.getItem(KEY) ?? 'null'));
  } catch {
    return null;
  }
}
