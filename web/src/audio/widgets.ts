/** The widgets of a program, as Faust tells them. */
import type { Description } from '../engine/instance';

export interface Widget {
  kind: string;
  label: string;
  /** Its place in the user interface, as in `/synth/filter/cutoff`. */
  path: string;
  /** Its address in the program's memory. */
  index: number;
  isMeter: boolean;
  init: number;
  min: number;
  max: number;
  step: number;
  unit: string;
  isLog: boolean;
}

interface Item {
  type: string;
  label: string;
  address?: string;
  index?: number;
  init?: number;
  min?: number;
  max?: number;
  step?: number;
  meta?: Record<string, string>[];
  items?: Item[];
}

/** What Faust tells about a program (JSON), and its widgets in order. */
export function descriptionOf(json: string): { told: Description; widgets: Widget[] } {
  const told = JSON.parse(json) as Description & { ui: Item[] };
  return { told, widgets: told.ui.flatMap(widgetsOf) };
}

/** What a widget is known by: its path without the outermost group, which can be the file's name. */
export function keyOf({ path }: Widget): string {
  return path.replace(/^\/[^/]+(?=\/)/, '');
}

function widgetsOf(item: Item): Widget[] {
  if (item.items) return item.items.flatMap(widgetsOf);
  if (item.address === undefined || item.index === undefined) return [];
  const meta = Object.assign({}, ...(item.meta ?? [])) as Record<string, string>;
  const { init = 0, min = 0, max = 1, step = 0 } = item;
  return [
    {
      kind: item.type,
      label: item.label,
      path: item.address,
      index: item.index,
      isMeter: item.type.endsWith('bargraph'),
      unit: meta['unit'] ?? '',
      isLog: meta['scale'] === 'log' && min > 0,
      ...{ init, min, max, step },
    },
  ];
}

/** Where a value is on a slider, from 0 to 1. */
export function positionOf({ min, max, isLog }: Widget, value: number): number {
  if (min >= max) return 0;
  const share = isLog ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.min(1, Math.max(0, share));
}

/** The value at a place on a slider, on one of its steps. */
export function valueAt({ min, max, step, isLog }: Widget, position: number): number {
  const value = isLog ? min * (max / min) ** position : min + position * (max - min);
  const stepped = step > 0 ? min + Math.round((value - min) / step) * step : value;
  return Math.min(max, Math.max(min, Number(stepped.toPrecision(12))));
}
