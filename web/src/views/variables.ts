/** Which slider a derivative is by. */
import { keyOf, type Widget } from '../audio/widgets';

/** The dual's header names derivatives as in `dy/dgain`, or `dy/d(/left/gain)` where labels repeat. */
const DERIVATIVE = /^[^/]*\/d(?:\((?<path>\/.*)\)|(?<label>.*))$/;

export function isDerivative(name: string): boolean {
  return DERIVATIVE.test(name);
}

/** The slider of a derivative, if there is exactly one that can be meant. */
export function variableOf(name: string, widgets: readonly Widget[]): Widget | null {
  const { path, label } = DERIVATIVE.exec(name)?.groups ?? {};
  const found = widgets.filter(
    (widget) =>
      !widget.isMeter &&
      (path === undefined ? widget.label === label : [widget.path, keyOf(widget)].includes(path)),
  );
  return found.length === 1 ? (found[0] ?? null) : null;
}
