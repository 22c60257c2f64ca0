/** A drawing on several sheets, which link to each other: to move around in, and to zoom. */
import { h } from '../page/dom';

/** What drawings are made of; what else is in one, such as a script, is left out. */
const ELEMENTS = new Set(
  'svg g a line polyline polygon path rect circle ellipse text tspan title style'.split(' '),
);
const SVG = 'http://www.w3.org/2000/svg';
const LINK = 'http://www.w3.org/1999/xlink';
const FIRST = 'process.svg';
/** By how much a step of the zoom makes things larger. */
const STEP = 1.25;
const SMALLEST = 0.1;
const LARGEST = 8;
/** Letters have 7 units: where they can still be read, and where they need not be larger. */
const LEGIBLE = 1;
const LARGE = 2;

export class Drawing {
  private sheets: Readonly<Record<string, string>> = {};
  /** The sheets on the way to this one, itself last. */
  private way: string[] = [FIRST];
  private zoom = 1;
  /** Whether the zoom is the user's, and stays when there is more or less room. */
  private isZoomed = false;
  private picture: SVGSVGElement | null = null;
  private readonly frame: HTMLElement;
  /** Styles in a drawing are for it alone. */
  private readonly inside: ShadowRoot;
  private readonly back: HTMLButtonElement;
  private readonly place: HTMLElement;

  /** @param root where it is put; `title` says what it is of. */
  constructor(root: HTMLElement, title: string) {
    const canvas = h('div', { class: 'drawing-canvas' });
    this.inside = canvas.attachShadow({ mode: 'open' });
    this.frame = h('div', { class: 'drawing-frame', tabindex: 0, role: 'region' }, canvas);
    this.frame.setAttribute('aria-label', `${title}: drag or use the arrow keys to move around`);
    this.place = h('span', { class: 'drawing-place' });
    this.back = this.button('Back', () => {
      this.way.pop();
      this.draw();
    });
    const actions = [
      this.back,
      this.button('Smaller', () => {
        this.zoomBy(1 / STEP);
      }),
      this.button('Larger', () => {
        this.zoomBy(STEP);
      }),
      this.button('Fit', () => {
        this.fit(SMALLEST);
      }),
    ];
    root.replaceChildren(
      h(
        'div',
        { class: 'bar' },
        h('h2', {}, title, this.place),
        h('div', { class: 'actions' }, ...actions),
      ),
      this.frame,
    );
    this.listen();
  }

  /** Shows other sheets: file name -> SVG; the sheet that was looked at, where it is still there. */
  show(sheets: Readonly<Record<string, string>>): void {
    this.sheets = sheets;
    const lost = this.way.findIndex((name) => !(name in sheets));
    if (lost >= 0) this.way = this.way.slice(0, Math.max(lost, 1));
    this.draw();
  }

  private button(name: string, onClick: () => void): HTMLButtonElement {
    const button = h('button', { type: 'button', class: 'action' }, name);
    button.addEventListener('click', onClick);
    return button;
  }

  private draw(): void {
    const name = this.way.at(-1) ?? FIRST;
    this.back.disabled = this.way.length < 2;
    this.place.textContent = this.way.map((each) => ` / ${each.replace(/\.svg$/, '')}`).join('');
    this.picture = drawn(this.sheets[name] ?? '');
    this.inside.replaceChildren(...(this.picture ? [this.picture] : []));
    this.isZoomed = false;
    this.fit(LEGIBLE);
  }

  /** As large as there is room for, but no smaller than a zoom. */
  private fit(least: number): void {
    const { width = 1, height = 1 } = this.picture?.viewBox.baseVal ?? {};
    const { clientWidth, clientHeight } = this.frame;
    const room = Math.min(clientWidth / width, clientHeight / height);
    this.zoom = Math.min(Math.max(room, least), LARGE);
    this.scale();
  }

  private zoomBy(factor: number, x = 0.5, y = 0.5): void {
    const { frame } = this;
    const before = this.zoom;
    this.isZoomed = true;
    this.zoom = Math.min(Math.max(before * factor, SMALLEST), LARGEST);
    const ratio = this.zoom / before;
    const [left, top] = [frame.clientWidth * x, frame.clientHeight * y];
    const [goalX, goalY] = [
      (frame.scrollLeft + left) * ratio - left,
      (frame.scrollTop + top) * ratio - top,
    ];
    this.scale();
    frame.scrollTo(goalX, goalY);
  }

  private scale(): void {
    if (this.picture === null) return;
    const { width, height } = this.picture.viewBox.baseVal;
    this.picture.setAttribute('width', String(width * this.zoom));
    this.picture.setAttribute('height', String(height * this.zoom));
  }

  private listen(): void {
    const { frame } = this;
    new ResizeObserver(() => {
      if (!this.isZoomed) this.fit(LEGIBLE);
    }).observe(frame);
    this.inside.addEventListener('click', (event) => {
      const link = (event.target as Element).closest('a');
      const name = link?.getAttribute('href');
      if (!name) return;
      event.preventDefault();
      if (name in this.sheets) {
        this.way.push(name);
        this.draw();
      }
    });
    frame.addEventListener(
      'wheel',
      (event) => {
        // Pinching a pad is this, too; without the key, a wheel moves.
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const box = frame.getBoundingClientRect();
        const [x, y] = [event.clientX - box.left, event.clientY - box.top];
        this.zoomBy(Math.exp(-event.deltaY / 200), x / box.width, y / box.height);
      },
      { passive: false },
    );
    frame.addEventListener('keydown', (event) => {
      const factor = { '+': STEP, '=': STEP, '-': 1 / STEP }[event.key];
      if (factor === undefined || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.zoomBy(factor);
    });
    frame.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse' && event.buttons & 1) {
        frame.scrollBy(-event.movementX, -event.movementY);
      }
    });
  }
}

/** A drawing out of its text, with nothing in it but what is drawn; null where there is none. */
export function drawn(text: string): SVGSVGElement | null {
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
  const root = parsed.documentElement;
  if (root.localName !== 'svg') return null;
  const copy = copied(root) as SVGSVGElement;
  copy.removeAttribute('style'); // bounds for its size, which the zoom decides
  return copy;
}

function copied(element: Element): Element {
  const copy = document.createElementNS(SVG, element.localName);
  for (const { localName, namespaceURI, value } of element.attributes) {
    const isLink = localName === 'href';
    if (isLink && namespaceURI !== LINK) continue;
    // A link names another sheet, and leads nowhere else.
    if (isLink && !/^[\w.-]+\.svg$/.test(value)) continue;
    if (!localName.startsWith('on')) copy.setAttribute(localName, value);
  }
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.textContent ?? '');
    else if (child instanceof Element && ELEMENTS.has(child.localName)) copy.append(copied(child));
  }
  // A box is a link, and so is its name: one of them is enough for who does not see them.
  if (copy.localName === 'a' && !copy.textContent.trim()) {
    copy.setAttribute('aria-hidden', 'true');
    copy.setAttribute('tabindex', '-1');
  }
  return copy;
}
