/** A short sentence beside what it is about, for a while. */
import { byId } from './dom';

/** Milliseconds that it stays. */
const STAYS = 4000;
/** Pixels between it and what is around. */
const APART = 8;

let timer: ReturnType<typeof setTimeout> | undefined;

export function notice(about: HTMLElement, text: string): void {
  const bubble = byId('notice');
  bubble.textContent = text;
  const { left, bottom, top } = about.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const isRoomBelow = bottom + 2 * APART + height < innerHeight;
  const furthest = innerWidth - width - APART;
  bubble.style.left = `${Math.max(APART, Math.min(left, furthest))}px`;
  bubble.style.top = `${isRoomBelow ? bottom + APART : top - APART - height}px`;
  clearTimeout(timer);
  timer = setTimeout(() => (bubble.textContent = ''), STAYS);
}
