/** What belongs together in a learning program: a hidden slider, and the meter of its learnt value. */
import type { Widget } from '../audio/widgets';
import type { Learnt } from '../engine/protocol';

export interface Pair {
  /** The parameter, from whose `init` it is learnt. */
  parameter: Learnt;
  learnt: Widget;
  /** The target's slider; none where the model has parameters of its own. */
  hidden: Widget | null;
  freeze: Widget | null;
  /** The meter of the loss's derivative. */
  gradient: Widget | null;
}

/** Characters that libfaust replaces in the paths of widgets. */
const REPLACED = /[ #*,?[\]{}()]/g;
const LEARNT = /^(\/[^/]+)\/learning\/([^/]+)\//;

/**
 * The parameters that a program learns.
 *
 * `fad estimate` puts the target's sliders into a group `target`, under their own paths. For each
 * learnt parameter there is a group of its title in a group `learning`, with a meter and a box that
 * freezes it, and a meter in a group `gradients`.
 */
export function pairs(widgets: readonly Widget[], parameters: readonly Learnt[]): Pair[] {
  const by = new Map(widgets.map((widget) => [widget.path, widget]));
  return parameters.flatMap((parameter) => {
    const isMeter = ({ isMeter, label, path }: Widget): boolean =>
      isMeter && label === parameter.title && LEARNT.test(path);
    const learnt = widgets.find(isMeter);
    if (!learnt) return [];
    const [, root = '', group = ''] = LEARNT.exec(learnt.path) ?? [];
    return [
      {
        parameter,
        learnt,
        hidden: by.get(`${root}/target${parameter.path.replace(REPLACED, '_')}`) ?? null,
        freeze: by.get(`${root}/learning/${group}/freeze`) ?? null,
        gradient: by.get(`${root}/gradients/${group}`) ?? null,
      },
    ];
  });
}
