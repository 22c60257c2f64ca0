/** The button that lets a tab play, and stops it; and the line that says why it cannot. */
import { Playback } from '../audio/playback';
import { CANNOT_PLAY, canPlay, type Player } from '../audio/player';
import { byId } from '../page/dom';

/**
 * @param tab the elements are called `TAB-start` and `TAB-message`.
 * @param idle what the button says while nothing plays.
 * @param make starts a player.
 */
export function startTransport(
  tab: string,
  idle: string,
  make: () => Promise<Player>,
): Playback<Player> {
  const button = byId(`${tab}-start`);
  const say = (text: string): void => {
    const message = byId(`${tab}-message`);
    message.textContent = text;
    message.hidden = false;
  };
  const playback = new Playback(
    make,
    (isPlaying) => {
      button.setAttribute('aria-pressed', String(isPlaying));
      button.textContent = isPlaying ? 'Stop' : idle;
    },
    (error) => {
      say(`This cannot be played: ${String(error)}`);
    },
  );
  button.addEventListener('click', () => {
    void playback.toggle();
  });
  button.hidden = !canPlay();
  if (!canPlay()) say(CANNOT_PLAY);
  return playback;
}
