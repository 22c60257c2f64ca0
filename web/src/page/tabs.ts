/** A row of tabs, for the mouse and for the arrow keys. */

/**
 * @param row the element with the tabs, `data-view` says what each shows.
 * @param onChoice is told what is chosen.
 * @returns chooses a tab.
 */
export function startTabs(
  row: HTMLElement,
  onChoice: (view: string) => void,
): (view: string) => void {
  const tabs = [...row.querySelectorAll<HTMLElement>('[role="tab"]')];
  const choose = (view: string): void => {
    for (const tab of tabs) {
      const isChosen = tab.dataset['view'] === view;
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    onChoice(view);
  };
  for (const tab of tabs) {
    tab.addEventListener('click', () => {
      choose(tab.dataset['view'] ?? '');
    });
  }
  row.addEventListener('keydown', (event) => {
    const seen = tabs.filter((tab) => tab.offsetParent !== null);
    const at = seen.findIndex((tab) => tab === document.activeElement);
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: -1,
    };
    const step = steps[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = seen.at(step % seen.length);
    next?.focus();
    choose(next?.dataset['view'] ?? '');
  });
  return choose;
}
