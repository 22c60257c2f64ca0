import { expect, test } from 'vitest';
import { Course, sentence, type Position, type Progress } from '../src/views/progress';

/** Reports of a parameter that is hidden at 0.5, twenty times a second. */
function after(
  seconds: number,
  learnt: (time: number) => number,
  course = new Course(),
  more: Partial<Position> = {},
  loss = 0.1,
): Progress {
  let progress: Progress = { state: 'learning', seconds: 0 };
  for (let index = 1; index <= 20 * seconds; index++) {
    const position = {
      name: 'q',
      hidden: 0.5,
      isFrozen: false,
      gradient: 0.1,
      learnt: learnt(index / 20),
      ...more,
    };
    progress = course.report(1 / 20, [position], loss);
  }
  return progress;
}

/** As large as a whole percent, on both sides. */
const noise = (time: number): number => 0.01 * Math.sin(1000 * time * time);

test('what is near is found, and when is kept', () => {
  const progress = after(4, (time) => Math.min(0.5, time / 2));
  expect(sentence(progress, false)).toBe('Found within 1 % after 1.0 s.');
});

test('another hidden value begins anew', () => {
  const course = new Course();
  after(4, (time) => Math.min(0.5, time / 2), course);
  course.begin();
  const progress = after(2, (time) => Math.min(0.5, time), course);
  expect(sentence(progress, false)).toBe('Found within 1 % after 0.5 s.');
});

test('what moves still learns, however slowly', () => {
  expect(after(20, (time) => time / 100).state).toBe('learning');
});

test.each([
  ['at an end', (): number => 0, ['q']],
  ['somewhere else', (time: number): number => 0.3 + noise(time), []],
])('what rests %s is stuck', (_, learnt, ends) => {
  expect(after(1, learnt).state).toBe('learning');
  expect(after(10, learnt)).toEqual({ state: 'stuck', unheard: [], ends });
});

test('what is frozen, or has no hidden value, is not stuck', () => {
  expect(after(10, () => 0, new Course(), { isFrozen: true }).state).toBe('learning');
  expect(after(10, () => 0, new Course(), { hidden: null }).state).toBe('learning');
});

test('from silence there is nothing to learn', () => {
  expect(after(10, () => 0.1, new Course(), {}, 0).state).toBe('silent');
});

test('what the sound does not change with is told apart from what is at an end', () => {
  const progress = after(10, () => 0, new Course(), { gradient: 0 });
  expect(progress).toEqual({ state: 'stuck', unheard: ['q'], ends: [] });
});

test('it is told what to do', () => {
  expect(sentence({ state: 'stuck', unheard: [], ends: ['q'] }, false)).toMatch(
    /q is at an end.*another loss/,
  );
  expect(sentence({ state: 'stuck', unheard: ['q', 'f'], ends: [] }, false)).toBe(
    'Stuck: nothing moves any more. The sound does not change with q, f now.',
  );
  expect(sentence({ state: 'silent' }, true)).toContain('hold a button');
  expect(sentence({ state: 'learning', seconds: 20 }, false)).toContain('20 s');
});
