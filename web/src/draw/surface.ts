/** A canvas in the colours and the resolution of the page. */

export interface Surface {
  draw: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** Clears a canvas, and fits it to its place; sizes are in CSS pixels. Null where it is not seen. */
export function cleared(canvas: HTMLCanvasElement): Surface | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const draw = canvas.getContext('2d');
  if (!draw || !width || !height) return null;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw.clearRect(0, 0, width, height);
  return { draw, width, height };
}

/** A colour of the page, by the name of its CSS variable. */
export type Colour = 'ink' | 'accent' | 'soft' | 'rule' | 'paper';

/** A colour as it is in this light. */
function colour({ canvas }: CanvasRenderingContext2D, name: Colour): string {
  // A variable tells what was written; only a property tells the colour that came of it.
  canvas.style.color = `var(--${name})`;
  return getComputedStyle(canvas).color;
}

/** A line through points whose heights are shares of the surface, from 0 below to 1 above. */
export function line(
  { draw, width, height }: Surface,
  shares: ArrayLike<number>,
  name: Colour,
  thickness = 1.5,
): void {
  const margin = thickness;
  const last = Math.max(1, shares.length - 1);
  draw.beginPath();
  let isDown = false;
  for (let at = 0; at < shares.length; at++) {
    const share = shares[at] ?? 0;
    const y = margin + (1 - Math.min(1.02, Math.max(-0.02, share))) * (height - 2 * margin);
    // What is no number is a gap.
    if (!Number.isFinite(share)) isDown = false;
    else if (isDown) draw.lineTo((at / last) * width, y);
    else {
      draw.moveTo((at / last) * width, y);
      isDown = true;
    }
  }
  draw.strokeStyle = colour(draw, name);
  draw.lineWidth = thickness;
  draw.lineJoin = 'round';
  draw.stroke();
}

/** A hairline at a height. */
export function level({ draw, width, height }: Surface, share: number): void {
  const y = Math.round((1 - share) * height) + 0.5;
  draw.beginPath();
  draw.moveTo(0, y);
  draw.lineTo(width, y);
  draw.strokeStyle = colour(draw, 'rule');
  draw.lineWidth = 1;
  draw.stroke();
}

/** A small text beside a height: above it, or below it at the top. */
export function mark({ draw, height }: Surface, share: number, text: string): void {
  const y = (1 - share) * height;
  draw.font = `11px ${getComputedStyle(draw.canvas).fontFamily}`;
  draw.textBaseline = share > 0.5 ? 'top' : 'bottom';
  const place = [0, y + (share > 0.5 ? 2 : -2)] as const;
  // A curve may be where the text is.
  draw.strokeStyle = colour(draw, 'paper');
  draw.lineWidth = 4;
  draw.strokeText(text, ...place);
  draw.fillStyle = colour(draw, 'soft');
  draw.fillText(text, ...place);
}
