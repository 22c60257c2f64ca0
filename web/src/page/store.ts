/** What was typed, kept in the browser. */
import { checked, type Shared } from './share';

const KEY = 'fad.playground';
/** Inside another page it shows what that page says, and leaves alone what is kept. */
export const isPart = self !== top;

export function save(shared: Shared): void {
  if (isPart) return;
  try {
    localStorage.setItem(KEY, JSON.stringify(shared));
  } catch {
    // The browser keeps nothing: private windows do that.
  }
}

export function saved(): Shared | null {
  if (isPart) return null;
  try {
    return checked(JSON.parse(localStorage.getItem(KEY) ?? 'null'));
  } catch {
    return null;
  }
}
