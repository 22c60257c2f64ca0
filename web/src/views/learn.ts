/** Learn: the program of `fad estimate` runs, and what it learns is drawn as it moves. */
import { Player } from '../audio/player';
import { WINDOW, type FromProgram, type Mix } from '../audio/messages';
import type { Values } from '../audio/values';
import { descriptionOf, positionOf, type Widget } from '../audio/widgets';
import { cleared, level, line, mark } from '../draw/surface';
import type { EngineClient } from '../engine/client';
import type { Answer, Compiled, Learnt, Program } from '../engine/protocol';
import { byId, h } from '../page/dom';
import { control, withUnit } from './controls';
import { significant } from './numbers';
import { pairs, type Pair } from './pairs';
import type { Panel } from './panel';
import { Course, sentence, type Position } from './progress';
import { askToLearn, CHOICES, type Choice, type Settings } from './settings';
import { startTransport } from './transport';

/** Reports that are seen at once: about ten seconds. */
const SEEN = 220;
/** The losses between which its curve is drawn, as powers of ten. */
const LOSS = { least: -10, most: 0 };

/** A parameter with its history; between two runs there is a gap, `NaN`. */
interface Track extends Pair {
  canvas: HTMLCanvasElement;
  now: HTMLElement;
  place: HTMLElement;
  hiddenPast: number[];
  learntPast: number[];
}

export class LearnPanel implements Panel {
  private compiled: Compiled | null = null;
  private settings: Settings | null = null;
  /** The learning program that is seen. */
  private text = '';
  private hasButtons = false;
  private widgets: Widget[] = [];
  private tracks: Track[] = [];
  private losses: number[] = [];
  private readonly course = new Course();
  private readonly playback = startTransport('learn', 'Learn', () => this.play());
  private heard = 'target';
  private outputs = 0;
  private frame = 0;

  /** @param onSettings is told how the program is to learn from now on. */
  constructor(
    private readonly engine: EngineClient,
    private readonly values: Values,
    private readonly onSettings: (settings: Settings) => void,
  ) {
    byId('learn-heard').addEventListener('change', (event) => {
      this.heard = (event.target as HTMLInputElement).value;
      this.playback.player?.hear(this.mix);
    });
    for (const choice of Object.keys(CHOICES) as Choice[]) {
      const menu = menuOf(choice);
      menu.append(...CHOICES[choice].map((name) => h('option', {}, name)));
      menu.addEventListener('change', () => {
        this.change({ [choice]: menu.value });
      });
    }
    const restart = byId<HTMLSelectElement>('learn-restart');
    restart.addEventListener('change', () => {
      this.change({ restart: Number(restart.value) || null });
    });
  }

  async show(program: Program, settings: Settings): Promise<Answer<unknown> | null> {
    const outputs = { outputs: 'all' };
    const asked = await askToLearn(this.engine, program, settings, 'learn-live', outputs);
    if (asked === null) return null;
    const { answer } = asked;
    this.settings = asked.settings;
    byId('learn-panel').classList.toggle('stale', this.tracks.length > 0 && !answer.ok);
    if (!answer.ok) return answer;
    const { text: source, parameters } = answer.result;
    const compiled = await this.engine.ask('compile', { ...program, source }, 'learn-live');
    if (!compiled?.ok) return compiled;
    if (source !== this.text) this.forget();
    this.compiled = compiled.result;
    this.text = source;
    const { told, widgets } = descriptionOf(compiled.result.json);
    this.widgets = widgets;
    this.outputs = told.outputs;
    this.build(parameters);
    this.showSettings(this.settings);
    this.draw();
    await this.playback.restart();
    return answer;
  }

  /** What was learnt before says nothing about another program. */
  forget(): void {
    this.compiled = null;
    this.tracks = [];
    this.losses = [];
    this.text = '';
    this.say('');
    byId('learn-loss-now').textContent = '';
    byId('learn-tracks').replaceChildren();
    byId('learn-controls').replaceChildren();
  }

  hide(): void {
    void this.playback.stop();
  }

  private change(settings: Partial<Settings>): void {
    if (!this.settings) return;
    this.settings = { ...this.settings, ...settings };
    this.onSettings(this.settings);
  }

  private showSettings(settings: Settings): void {
    for (const choice of Object.keys(CHOICES) as Choice[]) {
      const menu = menuOf(choice);
      const value = settings[choice];
      const isThere = [...menu.options].some((option) => option.value === value);
      // A link or an example can have a loss with arguments.
      if (!isThere) menu.append(h('option', {}, value));
      menu.value = value;
    }
    byId<HTMLSelectElement>('learn-restart').value = String(settings.restart ?? '');
    // Buttons that are pressed again and again are no widgets any more.
    byId('learn-buttons').hidden = !this.hasButtons && settings.restart === null;
  }

  private say(text: string): void {
    const progress = byId('learn-progress');
    if (progress.textContent !== text) progress.textContent = text;
  }

  /** After the loss there are the target's outputs, and then the estimate's. */
  private get mix(): Mix {
    const sounds = (this.outputs - 1) / 2;
    const weight = { target: [1, 0], estimate: [0, 1], difference: [1, -1] }[this.heard] ?? [1, 0];
    const weights = Array.from({ length: Math.min(2, sounds) }, (_, speaker) =>
      Array.from({ length: this.outputs }, (_, channel) => {
        const [whose, which] = [Math.floor((channel - 1) / sounds), (channel - 1) % sounds];
        return channel > 0 && which === speaker ? (weight[whose] ?? 0) : 0;
      }),
    );
    return { weights, levelled: false };
  }

  private build(parameters: readonly Learnt[]): void {
    const move = (widget: Widget) => (value: number) => {
      this.values.move(inProgram(widget), value);
      this.playback.player?.set(widget.index, value);
      this.course.begin();
    };
    const made = (widget: Widget): HTMLElement =>
      control(widget, this.valueOf(widget), move(widget));
    const past = new Map(this.tracks.map((track) => [track.learnt.path, track]));
    const found = pairs(this.widgets, parameters);
    this.tracks = found.map((pair) => ({
      ...pair,
      canvas: h('canvas', { 'aria-hidden': 'true' }),
      now: h('span', { class: 'track-now' }),
      place: h('div', { class: 'learnt-place' }),
      hiddenPast: past.get(pair.learnt.path)?.hiddenPast ?? [],
      learntPast: past.get(pair.learnt.path)?.learntPast ?? [],
    }));
    this.hasButtons = this.widgets.some(
      ({ kind, path }) => kind === 'button' && !path.endsWith('/learning/reset'),
    );
    const used = new Set(found.flatMap(({ hidden, freeze }) => [hidden, freeze]));
    byId('learn-tracks').replaceChildren(
      ...this.tracks.map(({ parameter, hidden, learnt, freeze, canvas, now, place }) =>
        h(
          'li',
          { class: 'track' },
          h(
            'div',
            { class: 'curve-head' },
            h('span', { class: 'curve-name' }, learnt.label),
            now,
            freeze && made(freeze),
          ),
          canvas,
          h(
            'div',
            { class: 'ends' },
            hidden && h('div', {}, made({ ...hidden, label: 'hidden' }), place),
            this.startSlider(parameter, learnt),
          ),
        ),
      ),
    );
    const others = this.widgets.filter((widget) => !widget.isMeter && !used.has(widget));
    byId('learn-controls').replaceChildren(...others.map(made));
  }

  private valueOf(widget: Widget): number {
    return this.values.of(inProgram(widget));
  }

  /** A slider for the value to learn from; where it is let go, learning begins again. */
  private startSlider(parameter: Learnt, learnt: Widget): HTMLElement {
    const { path, init, min, max, scale } = parameter;
    const widget = { ...learnt, path, init, min, max, step: 0, isLog: scale === 'log' };
    let value = init;
    const element = control({ ...widget, kind: 'hslider', label: 'start' }, init, (moved) => {
      value = moved;
    });
    element.addEventListener('change', () => {
      this.change({ start: { ...this.settings?.start, [path]: value } });
    });
    return element;
  }

  private async play(): Promise<Player> {
    if (!this.compiled) throw new Error('there is no program yet');
    push(this.losses, NaN);
    for (const { hiddenPast, learntPast } of this.tracks) {
      push(hiddenPast, NaN);
      push(learntPast, NaN);
    }
    this.course.begin();
    const player = await Player.start(this.compiled, this.mix, (report) => {
      this.receive(report, player);
    });
    for (const widget of this.widgets) {
      if (!widget.isMeter) player.set(widget.index, this.valueOf(widget));
    }
    byId('learn-time').textContent =
      `Pictures show the last ${Math.round((SEEN * WINDOW) / player.rate)} seconds.`;
    return player;
  }

  /** @param player of which this is a report: another program may be seen by now. */
  private receive({ outputs, meters }: FromProgram, { widgets, rate }: Player): void {
    const values = new Map(
      widgets.filter(({ isMeter }) => isMeter).map(({ path }, at) => [path, meters[at] ?? 0]),
    );
    const positions = this.tracks.map(
      ({ hidden, learnt, freeze, gradient, hiddenPast, learntPast }): Position => {
        const value = values.get(learnt.path) ?? NaN;
        const aim = hidden ? this.valueOf(hidden) : NaN;
        push(learntPast, value);
        push(hiddenPast, aim);
        return {
          name: learnt.label,
          learnt: positionOf(hidden ?? learnt, value),
          hidden: hidden && positionOf(hidden, aim),
          gradient: gradient && (values.get(gradient.path) ?? null),
          isFrozen: freeze !== null && this.valueOf(freeze) !== 0,
        };
      },
    );
    const loss = mean(outputs[0] ?? []);
    push(this.losses, loss);
    this.say(sentence(this.course.report(WINDOW / rate, positions, loss), this.hasButtons));
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      this.draw();
    });
  }

  private draw(): void {
    for (const { hidden, learnt, canvas, now, place, hiddenPast, learntPast } of this.tracks) {
      const surface = cleared(canvas);
      if (!surface) continue;
      const range = hidden ?? learnt;
      const shares = (past: number[]): number[] =>
        padded(past.map((value) => positionOf(range, value)));
      line(surface, shares(hiddenPast), 'soft', 1);
      line(surface, shares(learntPast), 'accent', 2);
      mark(surface, 1, withUnit(range.max, range.unit));
      mark(surface, 0, withUnit(range.min, range.unit));
      const latest = learntPast.at(-1);
      if (latest === undefined || !Number.isFinite(latest)) continue;
      place.style.setProperty('--share', `${100 * positionOf(range, latest)}%`);
      now.textContent = `learnt ${withUnit(latest, learnt.unit)}`;
    }
    const surface = cleared(byId<HTMLCanvasElement>('learn-loss-past'));
    if (!surface) return;
    const { least, most } = LOSS;
    const height = (power: number): number => (power - least) / (most - least);
    const middle = (least + most) / 2;
    level(surface, height(middle));
    const heights = this.losses.map((loss) => height(Math.log10(Math.max(loss, 10 ** least))));
    line(surface, padded(heights), 'ink');
    for (const power of [most, middle, least]) {
      mark(surface, height(power), significant(10 ** power, 1));
    }
    const loss = this.losses.at(-1) ?? NaN;
    if (Number.isFinite(loss)) byId('learn-loss-now').textContent = significant(loss, 2);
  }
}

/** A hidden slider as the slider of the program that it is: wherever that is moved, it is moved. */
function inProgram(widget: Widget): Widget {
  return { ...widget, path: widget.path.replace(/^(\/[^/]+)\/target\//, '$1/') };
}

const menuOf = (choice: Choice): HTMLSelectElement => byId<HTMLSelectElement>(`learn-${choice}`);

/** The past fills its picture from the right. */
function padded(past: number[]): number[] {
  return [...Array<number>(Math.max(0, SEEN - past.length)).fill(NaN), ...past];
}

function push(past: number[], value: number): void {
  past.push(value);
  if (past.length > SEEN) past.shift();
}

function mean(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < samples.length; at++) sum += samples[at] ?? 0;
  return samples.length ? sum / samples.length : 0;
}
