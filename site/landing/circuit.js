/** The learning circuit of the first page: what moves in it. */

import { Learner } from './learner.js';

const RATE = 44100;
/** The picture is so many times slower than the sound. */
const SLOWER = Number(document.querySelector('#slower').textContent);
/** The hidden values, one after the other, until somebody chooses one; and samples of each. */
const VALUES = JSON.parse(document.querySelector('#values').textContent);
const EACH = 0.3 * RATE;
/** Samples between points of the traces, and points in them. */
const APART = 63;
const POINTS = Math.round((VALUES.length * EACH) / APART);
/** The derivative that fills its bar. */
const STEEP = 1;

const element = (name) => document.getElementById(name);
const slider = element('hidden');
const pause = element('pause');
const still = matchMedia('(prefers-reduced-motion: reduce)');

const learner = new Learner();
const trace = [];
let hidden = VALUES[0];
let isChosen = false;
let isRunning = !still.matches;
let samples = 0;
let loss = 0;
let slope = 0;

/** Goes on by so many samples. */
function advance(count) {
  for (const last = samples + count; samples < last; samples += 1) {
    if (!isChosen && samples % EACH === 0) hidden = VALUES[(samples / EACH) % VALUES.length];
    learner.step(hidden);
    // Noise makes both jump; what is shown is their mean.
    loss += (learner.loss - loss) / 256;
    slope += (learner.gradient - slope) / 256;
    if (samples % APART === 0) {
      trace.push([hidden, learner.pole]);
      if (trace.length > POINTS) trace.shift();
    }
  }
}

/** Shows how things are. */
function draw() {
  const { pole } = learner;
  if (!isChosen) slider.value = hidden;
  slider.style.setProperty('--filled', hidden / 0.99);
  element('hidden-now').textContent = hidden.toFixed(2);
  element('learnt-now').textContent = pole.toFixed(2);
  element('loss-now').textContent = loss.toExponential(0).replace('-', '−');
  element('slope-now').textContent = slope.toFixed(3).replace('-', '−');

  draws('learnt-bar', `M250 175H${(250 + (176 * pole) / 0.99).toFixed(1)}`);
  // From a loss of 1e-8 on, each power of ten is as long.
  const filled = Math.min(Math.max(Math.log10(loss) / 7 + 8 / 7, 0), 1);
  draws('loss-bar', `M14 284H${(14 + 176 * filled).toFixed(1)}`);
  const steep = Math.min(Math.max(slope / STEEP, -1), 1);
  draws('slope-bar', `M338 284H${(338 + 88 * steep).toFixed(1)}`);

  draws('target', response(hidden, 14));
  draws('aim', response(hidden, 250));
  draws('estimate', response(pole, 250));
  draws('hidden-trace', line(trace.map(([value]) => value)));
  draws('learnt-trace', line(trace.map(([, value]) => value)));
}

function draws(name, path) {
  element(name).setAttribute('d', path);
}

/** How loud a filter lets each frequency through, 20 Hz to 20 kHz, -36 dB to 0 dB. */
function response(pole, left) {
  const points = [];
  for (let x = 0; x <= 176; x += 4) {
    const angle = (2 * Math.PI * 20 * 1000 ** (x / 176)) / RATE;
    const gain = (1 - pole) / Math.hypot(1 - pole * Math.cos(angle), pole * Math.sin(angle));
    const decibels = Math.max(20 * Math.log10(gain), -36);
    points.push(`${left + x} ${(76 - (decibels * 58) / 36).toFixed(1)}`);
  }
  return `M${points.join('L')}`;
}

/** Values of a pole over time; the last one is at the right end. */
function line(values) {
  const left = POINTS - values.length;
  const point = (value, index) =>
    `${((440 * (left + index)) / (POINTS - 1)).toFixed(1)} ${(420 - (82 * value) / 0.99).toFixed(1)}`;
  return `M${values.map(point).join('L')}`;
}

let before = null;
function frame(now) {
  if (!isRunning) return;
  // After a while in another tab, it goes on where it was.
  const seconds = Math.min((now - (before ?? now)) / 1000, 0.05);
  before = now;
  advance(Math.round((seconds * RATE) / SLOWER));
  draw();
  requestAnimationFrame(frame);
}

function run(isWanted) {
  isRunning = isWanted;
  pause.textContent = isRunning ? 'Pause' : 'Run';
  before = null;
  if (isRunning) requestAnimationFrame(frame);
}

slider.addEventListener('input', () => {
  isChosen = true;
  hidden = Number(slider.value);
  // Who wants no motion sees where it leads.
  if (!isRunning) advance(2 * EACH);
  draw();
});
pause.addEventListener('click', () => run(!isRunning));
still.addEventListener('change', () => run(!still.matches));

pause.hidden = false;
advance(VALUES.length * EACH);
draw();
run(isRunning);
