// Light or dark: as the system has it, until somebody chooses, on any page of the site.
(() => {
  const key = 'fad.theme';
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  let choice = null;
  try {
    choice = localStorage.getItem(key);
  } catch {
    // The browser keeps nothing: a choice lasts as long as the page.
  }
  const isDark = () => (choice === null ? system.matches : choice === 'dark');
  const apply = () => {
    root.dataset.theme = isDark() ? 'dark' : 'light';
    document.getElementById('theme')?.setAttribute('aria-pressed', String(isDark()));
  };
  apply();
  system.addEventListener('change', apply);
  addEventListener('DOMContentLoaded', () => {
    apply();
    document.getElementById('theme').addEventListener('click', () => {
      choice = isDark() ? 'light' : 'dark';
      try {
        localStorage.setItem(key, choice);
      } catch {
        // As above.
      }
      apply();
    });
  });
})();
