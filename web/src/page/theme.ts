/** Light or dark: as the system has it, until somebody chooses. */

const KEY = 'fad.theme';

export function startTheme(button: HTMLElement, onChange: () => void): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let choice = stored();
  const isDark = (): boolean => (choice === null ? system.matches : choice === 'dark');
  const apply = (): void => {
    document.documentElement.dataset['theme'] = isDark() ? 'dark' : 'light';
    button.setAttribute('aria-pressed', String(isDark()));
    onChange();
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
