import { expect, test } from 'vitest';
import { Playback } from '../src/audio/playback';

function started() {
  const made: { settle: (error?: Error) => void; isStopped: boolean }[] = [];
  const states: boolean[] = [];
  const faults: unknown[] = [];
  const playback = new Playback(
    () =>
      new Promise<{ stop(): Promise<void> }>((resolve, reject) => {
        const one = {
          isStopped: false,
          settle: (error?: Error) => {
            if (error) reject(error);
            else
              resolve({
                stop: () => {
                  one.isStopped = true;
                  return Promise.resolve();
                },
              });
          },
        };
        made.push(one);
      }),
    (isPlaying) => states.push(isPlaying),
    (fault) => faults.push(fault),
  );
  return { playback, made, states, faults };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test('what is changed while it starts is started anew, and the old one does not play', async () => {
  const { playback, made } = started();
  void playback.toggle();
  await settled();
  void playback.restart();
  await settled();
  expect(made).toHaveLength(2);
  made[1]?.settle();
  made[0]?.settle();
  await settled();
  expect(made.map(({ isStopped }) => isStopped)).toEqual([true, false]);
  expect(playback.player).not.toBeNull();
});

test('who stops while it starts hears nothing', async () => {
  const { playback, made, states } = started();
  void playback.toggle();
  await settled();
  void playback.toggle();
  made[0]?.settle();
  await settled();
  expect(made[0]?.isStopped).toBe(true);
  expect(playback.player).toBeNull();
  expect(states).toEqual([true, false]);
  await playback.restart();
  expect(made).toHaveLength(1);
});

test('a fault is told, and ends it', async () => {
  const { playback, made, states, faults } = started();
  void playback.toggle();
  await settled();
  made[0]?.settle(new Error('no sound card'));
  await settled();
  expect(String(faults)).toContain('no sound card');
  expect(states.at(-1)).toBe(false);
});
