/** Prove: each derivative against difference quotients that the standard compiler computes. */
import type { EngineClient } from '../engine/client';
import type { Badge, Program, Results, Verdict } from '../engine/protocol';
import { byId, h } from '../page/dom';
import { significant } from './numbers';
import type { Panel } from './panel';

/** What a verdict means, and whether all is well. */
const MEANINGS: Record<string, { mark: string; means: string }> = {
  agrees: { mark: '✓', means: 'the derivative is what the quotients say' },
  zero: { mark: '○', means: 'the parameter has no effect at any of the points' },
  jump: { mark: '⌐', means: 'at some samples the output jumps; the others agree' },
  kink: { mark: '∧', means: 'the slopes on both sides differ here, so there is no derivative' },
  quantised: {
    mark: '≈',
    means: 'the parameter acts through a quantiser: no quotient can confirm',
  },
  undefined: { mark: '✕', means: 'an output is infinite, or not a number' },
  stopped: { mark: '–', means: 'the derivative ends, and the program was warned about' },
  mismatch: { mark: '✕', means: 'the derivative is wrong: please report it' },
};

export class ProvePanel implements Panel {
  constructor(private readonly engine: EngineClient) {}

  async show(program: Program) {
    const panel = byId('prove-panel');
    panel.setAttribute('aria-busy', 'true');
    byId('prove-summary').textContent = 'Rendering the program at several points …';
    const answer = await this.engine.ask('check', program);
    if (answer === null) return null;
    panel.setAttribute('aria-busy', 'false');
    if (answer.ok) this.fill(answer.result);
    else
      byId('prove-summary').textContent =
        'There is nothing to prove yet: the program has an error.';
    byId('prove-badges').hidden = !answer.ok;
    byId('prove-details').hidden = !answer.ok;
    return answer;
  }

  private fill({ badges, verdicts, summary }: Results['check']): void {
    byId('prove-summary').textContent = summary;
    byId('prove-badges').replaceChildren(...badges.map(badgeOf));
    const rows = verdicts.map((verdict) =>
      h(
        'tr',
        {},
        ...cellsOf(verdict).map((text, column) =>
          h(column ? 'td' : 'th', column ? {} : { scope: 'row' }, text),
        ),
      ),
    );
    byId('prove-rows').replaceChildren(...rows);
  }
}

function badgeOf({ label, path, verdict, error }: Badge): HTMLElement {
  const meaning = MEANINGS[verdict];
  return h(
    'li',
    { class: 'badge', 'data-verdict': verdict },
    h('span', { class: 'badge-mark', 'aria-hidden': 'true' }, meaning?.mark ?? '?'),
    h('span', { class: 'badge-name', title: path }, label),
    h('span', { class: 'badge-verdict' }, verdict),
    h('span', { class: 'badge-error' }, error === null ? '' : `error ${significant(error, 2)}`),
    h('span', { class: 'badge-means' }, meaning?.means ?? ''),
  );
}

function cellsOf({ path, output, point, verdict, error, tolerance, sample }: Verdict): string[] {
  const number = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : significant(value, 2);
  return [
    path,
    String(output),
    String(point),
    verdict,
    number(error),
    number(tolerance),
    sample === null || sample === undefined ? '' : String(sample),
  ];
}
