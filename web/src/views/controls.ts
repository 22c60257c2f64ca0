/** Sliders, buttons and boxes for the widgets of a program. */
import { positionOf, valueAt, type Widget } from '../audio/widgets';
import { h } from '../page/dom';
import { significant } from './numbers';

/** Places on a slider. */
const PLACES = 1000;
const DIGITS = 4;

export function withUnit(value: number, unit: string): string {
  return `${significant(value, DIGITS)}${unit && ` ${unit}`}`;
}

/**
 * The control of a widget.
 *
 * @param value where it stands.
 * @param onChange is told a new value.
 */
export function control(
  widget: Widget,
  value: number,
  onChange: (value: number) => void,
): HTMLElement {
  switch (widget.kind) {
    case 'button':
      return button(widget, onChange);
    case 'checkbox': {
      const box = h('input', { type: 'checkbox' });
      box.checked = value !== 0;
      box.addEventListener('change', () => {
        onChange(Number(box.checked));
      });
      return h('label', { class: 'control check' }, box, widget.label);
    }
    default:
      return slider(widget, value, onChange);
  }
}

function slider(widget: Widget, start: number, onChange: (value: number) => void): HTMLElement {
  const told = h('output', { class: 'control-value' });
  const input = h('input', { type: 'range', min: 0, max: PLACES, step: 1 });
  const show = (value: number): void => {
    const text = withUnit(value, widget.unit);
    told.textContent = text;
    input.setAttribute('aria-valuetext', text);
    input.style.setProperty('--share', `${100 * positionOf(widget, value)}%`);
  };
  input.valueAsNumber = PLACES * positionOf(widget, start);
  show(start);
  input.addEventListener('input', () => {
    const value = valueAt(widget, input.valueAsNumber / PLACES);
    show(value);
    onChange(value);
  });
  return h(
    'label',
    { class: 'control slider' },
    h('span', { class: 'control-label', title: widget.path }, widget.label),
    told,
    input,
  );
}

/** A button is pressed as long as it is held. */
function button(widget: Widget, onChange: (value: number) => void): HTMLElement {
  const element = h('button', { type: 'button', class: 'control push' }, widget.label);
  let isDown = false;
  const press = (down: boolean): void => {
    if (down === isDown) return;
    isDown = down;
    element.classList.toggle('pressed', down);
    onChange(Number(down));
  };
  element.addEventListener('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId);
    press(true);
  });
  for (const end of ['pointerup', 'pointercancel', 'blur'] as const) {
    element.addEventListener(end, () => {
      press(false);
    });
  }
  element.addEventListener('keydown', (event) => {
    if (event.key === ' ' || event.key === 'Enter') press(true);
  });
  element.addEventListener('keyup', () => {
    press(false);
  });
  return element;
}
