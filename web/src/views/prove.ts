/** Prove: each derivative against difference quotients that the standard compiler computes. */
import type { EngineClient } from '../engine/client';
import type { Answer, Badge, Check, Program } from '../engine/protocol';
import { byId, h } from '../page/dom';
import { significant } from './numbers';
import type { Panel } from './panel';
import { legend, setting, summary, VERDICTS } from './verdicts';

export class ProvePanel implements Panel {
  /** What was proved last, and of what: to look at it again takes no time. */
  private proved: { program: string; answer: Answer<Check> } | null = null;

  constructor(private readonly engine: EngineClient) {}

  async show(program: Program): Promise<Answer<Check> | null> {
    const key = JSON.stringify(program);
    if (this.proved?.program === key) return this.proved.answer;
    byId('prove-summary').textContent = 'Rendering the program at several settings …';
    const answer = await this.engine.ask('check', program);
    if (answer === null) return null;
    this.proved = answer.ok ? { program: key, answer } : null;
    if (answer.ok) fill(answer.result);
    else
      byId('prove-summary').textContent =
        'There is nothing to prove yet: the program has an error.';
    byId('prove-found').hidden = !answer.ok;
    return answer;
  }
}

function fill(check: Check): void {
  const { first, others } = summary(check);
  byId('prove-summary').replaceChildren(
    ...(first === null ? [] : [h('p', {}, first)]),
    ...others.map(({ verdict, told }) => h('p', {}, h('strong', {}, `${verdict}: `), told)),
  );
  byId('prove-badges').replaceChildren(...check.badges.map(badgeOf));
  byId('prove-remarks').replaceChildren(...check.remarks.map((remark) => h('li', {}, remark)));
  byId('prove-legend').textContent = legend(check);
  byId('prove-table').replaceChildren(...tableOf(check));
}

function badgeOf({ label, path, verdict, error }: Badge): HTMLElement {
  return h(
    'li',
    { class: 'badge', 'data-verdict': verdict },
    h('span', { class: 'badge-mark', 'aria-hidden': 'true' }, VERDICTS[verdict]?.mark ?? '?'),
    h('span', { class: 'badge-name', title: path }, label),
    h('span', { class: 'badge-verdict', title: VERDICTS[verdict]?.means ?? '' }, verdict),
    h('span', { class: 'badge-error' }, error === null ? '' : `error ${significant(error, 2)}`),
  );
}

/** A group of rows for each point, with the values of the sliders above them. */
function tableOf({ verdicts, derivatives, points }: Check): HTMLElement[] {
  const names = new Map(derivatives.map(({ path, output, name }) => [`${output} ${path}`, name]));
  const columns = ['derivative', 'verdict', 'error', 'limit'];
  if (verdicts.some(({ sample }) => sample !== null)) columns.push('sample');
  const head = h(
    'thead',
    {},
    h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column))),
  );
  const groups = points.map((values, point) => {
    const title = `Setting ${point + 1}: ${setting(values)}`;
    const rows = verdicts
      .filter((verdict) => verdict.point === point)
      .map(({ output, path, verdict, error, tolerance, sample }) =>
        h(
          'tr',
          { 'data-verdict': verdict },
          h('th', { scope: 'row' }, names.get(`${output} ${path}`)),
          ...[verdict, shown(error), shown(tolerance), sample === null ? '' : String(sample)]
            .slice(0, columns.length - 1)
            .map((text) => h('td', {}, text)),
        ),
      );
    const first = h('th', { scope: 'rowgroup', colspan: columns.length }, title);
    return h('tbody', {}, h('tr', { class: 'setting' }, first), ...rows);
  });
  return [head, ...groups];
}

function shown(value: number | null): string {
  return value === null ? '' : significant(value, 2);
}
