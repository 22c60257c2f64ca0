/** Light or dark: as the system has it, until somebody chooses. */

const KEY = 'fad.theme';

/**
 * @param button turns dark into light, and back.
 * @param dark the style sheet of the dark colours, which the system's choice turns on by itself.
 */
export function startTheme(button: HTMLElement, dark: HTMLLinkElement): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let choice = stored();
  const isDark = (): boolean => (choice === null ? system.matches : choice === 'dark');
  const apply = (): void => {
    if (choice !== null) dark.media = isDark() ? 'all' : 'not all';
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    choice = isDark() ? 'light' : 'dark';
    store(choice);
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function store(choice: string): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // It then lasts as long as the page.
  }
}
