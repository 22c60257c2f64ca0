/** Learn: the program of `fad estimate` runs, and what it learns is drawn as it moves. */
import { Player } from '../audio/player';
import type { FromProgram, Mix } from '../audio/messages';
import { descriptionOf, positionOf, type Widget } from '../audio/widgets';
import { cleared, line } from '../draw/surface';
import type { EngineClient } from '../engine/client';
import type { Answer, Compiled, Program } from '../engine/protocol';
import { byId, h } from '../page/dom';
import { control, withUnit } from './controls';
import { significant } from './numbers';
import { withModel } from './texts';
import { pairs, type Pair } from './pairs';
import type { Panel } from './panel';
import { startTransport } from './transport';

/** Reports that are seen at once: about ten seconds. */
const SEEN = 220;
/** The losses between which its curve is drawn, as powers of ten. */
const LOSS = { least: -10, most: 0 };

/** A parameter with its history. */
interface Track extends Pair {
  canvas: HTMLCanvasElement;
  now: HTMLElement;
  place: HTMLElement;
  hiddenPast: number[];
  learntPast: number[];
}

export class LearnPanel implements Panel {
  private compiled: Compiled | null = null;
  private widgets: Widget[] = [];
  private tracks: Track[] = [];
  private losses: number[] = [];
  private readonly playback = startTransport('learn', 'Learn', () => this.play());
  private readonly values = new Map<string, number>();
  private heard = 'target';
  private outputs = 0;
  private frame = 0;

  constructor(private readonly engine: EngineClient) {
    byId('learn-heard').addEventListener('change', (event) => {
      this.heard = (event.target as HTMLInputElement).value;
      this.playback.player?.hear(this.mix);
    });
  }

  async show(program: Program): Promise<Answer<unknown> | null> {
    const asked = withModel(program, { outputs: 'all' });
    const written = await this.engine.ask('learn', asked, 'learn-live');
    if (!written?.ok) return written;
    const source = written.result.text;
    const compiled = await this.engine.ask('compile', { ...program, source }, 'learn-live');
    if (!compiled?.ok) return compiled;
    this.compiled = compiled.result;
    const { told, widgets } = descriptionOf(compiled.result.json);
    this.widgets = widgets;
    this.outputs = told.outputs;
    this.build();
    await this.playback.restart();
    return written;
  }

  hide(): void {
    void this.playback.stop();
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

  private build(): void {
    const move = (widget: Widget) => (value: number) => {
      if (widget.kind !== 'button') this.values.set(widget.path, value);
      this.playback.player?.set(widget.index, value);
    };
    const made = (widget: Widget): HTMLElement =>
      control(widget, this.values.get(widget.path) ?? widget.init, move(widget));
    const past = new Map(this.tracks.map((track) => [track.learnt.path, track]));
    const found = pairs(this.widgets);
    this.tracks = found.map((pair) => ({
      ...pair,
      canvas: h('canvas', { 'aria-hidden': 'true' }),
      now: h('span', { class: 'track-now' }),
      place: h('div', { class: 'learnt-place' }),
      hiddenPast: past.get(pair.learnt.path)?.hiddenPast ?? [],
      learntPast: past.get(pair.learnt.path)?.learntPast ?? [],
    }));
    const used = new Set(found.flatMap(({ hidden, freeze }) => [hidden, freeze]));
    byId('learn-tracks').replaceChildren(
      ...this.tracks.map(({ hidden, learnt, freeze, canvas, now, place }) =>
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
          hidden && made({ ...hidden, label: 'hidden' }),
          hidden && place,
        ),
      ),
    );
    const others = this.widgets.filter((widget) => !widget.isMeter && !used.has(widget));
    byId('learn-controls').replaceChildren(...others.map(made));
  }

  private async play(): Promise<Player> {
    if (!this.compiled) throw new Error('there is no program yet');
    this.losses = [];
    for (const track of this.tracks) Object.assign(track, { hiddenPast: [], learntPast: [] });
    const player = await Player.start(this.compiled, this.mix, (report) => {
      this.receive(report);
    });
    for (const { path, index } of this.widgets) {
      const value = this.values.get(path);
      if (value !== undefined) player.set(index, value);
    }
    await player.feed('noise');
    return player;
  }

  private receive({ outputs, meters }: FromProgram): void {
    const values = new Map(
      this.widgets.filter(({ isMeter }) => isMeter).map(({ path }, at) => [path, meters[at] ?? 0]),
    );
    for (const track of this.tracks) {
      const { hidden, learnt, hiddenPast, learntPast } = track;
      push(learntPast, values.get(learnt.path) ?? NaN);
      push(hiddenPast, hidden ? (this.values.get(hidden.path) ?? hidden.init) : NaN);
    }
    push(this.losses, mean(outputs[0] ?? []));
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
      const latest = learntPast.at(-1) ?? 0;
      place.style.setProperty('--share', `${100 * positionOf(range, latest)}%`);
      now.textContent = `learnt ${withUnit(latest, learnt.unit)}`;
    }
    const canvas = byId<HTMLCanvasElement>('learn-loss');
    const surface = cleared(canvas);
    if (!surface) return;
    const { least, most } = LOSS;
    const height = (loss: number): number =>
      (Math.log10(Math.max(loss, 10 ** least)) - least) / (most - least);
    line(surface, padded(this.losses.map(height)), 'ink');
    byId('learn-loss-now').textContent = significant(this.losses.at(-1) ?? 0, 2);
  }
}

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
