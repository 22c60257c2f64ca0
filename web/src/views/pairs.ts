/** What belongs together in a learning program: a hidden slider, and the meter of its learnt value. */
import type { Widget } from '../audio/widgets';

export interface Pair {
  /** The path of the parameter in the program whose parameters are learnt. */
  path: string;
  learnt: Widget;
  /** The target's slider; none where the model has parameters of its own. */
  hidden: Widget | null;
  freeze: Widget | null;
}

/**
 * The parameters that a program learns.
 *
 * `fad estimate` puts the target's sliders into a group `target`, under their own paths, and for
 * each learnt parameter a group of its path into a group `learning`, with a meter and a box that
 * freezes it.
 */
export function pairs(widgets: readonly Widget[]): Pair[] {
  const by = new Map(widgets.map((widget) => [widget.path, widget]));
  return widgets.flatMap((widget) => {
    const match = /^(\/[^/]+)\/learning(\/.+)\/([^/]+)$/.exec(widget.path);
    if (!widget.isMeter || !match) return [];
    const [, root = '', path = ''] = match;
    return [
      {
        path,
        learnt: widget,
        hidden: by.get(`${root}/target${path}`) ?? null,
        freeze: by.get(`${root}/learning${path}/freeze`) ?? null,
      },
    ];
  });
}
