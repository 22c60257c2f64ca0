/** Listen: the program plays, and under its output each derivative is drawn from the same audio. */
import { SIGNALS, type Signal } from '../audio/signals';
import { Player, type Source } from '../audio/player';
import type { FromProgram, Mix } from '../audio/messages';
import type { Values } from '../audio/values';
import { descriptionOf, type Widget } from '../audio/widgets';
import { peak, Scale, trigger } from '../draw/scope';
import { cleared, level, line } from '../draw/surface';
import type { EngineClient } from '../engine/client';
import type { Answer, Compiled, Program } from '../engine/protocol';
import { byId, h } from '../page/dom';
import { notice } from '../page/notice';
import { control } from './controls';
import { significant } from './numbers';
import type { Panel } from './panel';
import { startTransport } from './transport';
import { isDerivative, variableOf } from './variables';

/** Samples that are seen at once. */
const SEEN = 1024;

/** The dual of a program, ready to play. */
interface Dual {
  compiled: Compiled;
  outputs: string[];
  inputs: number;
}

interface Curve {
  name: string;
  isDerivative: boolean;
  /** What a derivative is by one of; empty where that has no name. */
  unit: string;
  canvas: HTMLCanvasElement;
  size: HTMLElement;
  scale: Scale;
}

export class ListenPanel implements Panel {
  private dual: Dual | null = null;
  private readonly playback = startTransport('listen', 'Play', () => this.play());
  private curves: Curve[] = [];
  private heard: string | null = null;
  private file: ArrayBuffer | null = null;
  /** What stays in the menu of signals where no file is chosen after all. */
  private chosen: string = SIGNALS[0];
  private frame = 0;

  constructor(
    private readonly engine: EngineClient,
    private readonly values: Values,
  ) {
    const menu = this.signalMenu;
    menu.append(
      ...SIGNALS.map((signal) => h('option', { value: signal }, signal)),
      h('option', { value: 'file' }, 'a file …'),
      h('option', { value: 'microphone' }, 'microphone'),
    );
    const file = byId<HTMLInputElement>('listen-file');
    menu.addEventListener('change', () => {
      if (menu.value === 'file') {
        // The same one may be chosen again.
        file.value = '';
        file.click();
      } else {
        this.chosen = menu.value;
        void this.feed();
      }
    });
    file.addEventListener('change', () => {
      void this.take(file.files);
    });
    file.addEventListener('cancel', () => {
      menu.value = this.chosen;
    });
    const panel = byId('listen-panel');
    panel.addEventListener('dragover', (event) => {
      event.preventDefault();
    });
    panel.addEventListener('drop', (event) => {
      event.preventDefault();
      void this.take(event.dataTransfer?.files ?? null);
    });
  }

  async show(program: Program): Promise<Answer<unknown> | null> {
    const written = await this.engine.ask('transform', program, 'listen');
    if (written === null) return null;
    byId('listen-panel').classList.toggle('stale', this.dual !== null && !written.ok);
    if (!written.ok) return written;
    const { text, outputs } = written.result;
    const compiled = await this.engine.ask('compile', { ...program, source: text }, 'listen');
    if (!compiled?.ok) return compiled;
    const { told, widgets } = descriptionOf(compiled.result.json);
    this.dual = { compiled: compiled.result, outputs, inputs: told.inputs };
    byId('listen-signals').hidden = told.inputs === 0;
    byId('listen-controls').replaceChildren(
      ...widgets
        .filter(({ isMeter }) => !isMeter)
        .map((widget) =>
          control(widget, this.values.of(widget), (value) => {
            this.values.move(widget, value);
            for (const { scale } of this.curves) scale.hurry();
            this.playback.player?.set(widget.index, value);
          }),
        ),
    );
    this.showCurves(outputs, widgets);
    await this.playback.restart();
    return written;
  }

  forget(): void {
    this.dual = null;
    this.curves = [];
    byId('listen-curves').replaceChildren();
    byId('listen-controls').replaceChildren();
  }

  hide(): void {
    void this.playback.stop();
  }

  private get signalMenu(): HTMLSelectElement {
    return byId<HTMLSelectElement>('listen-signal');
  }

  private get mix(): Mix {
    const names = this.dual?.outputs ?? [];
    const isHeard = this.heard !== null && names.includes(this.heard);
    const heard = isHeard ? [this.heard] : names.filter((name) => !isDerivative(name)).slice(0, 2);
    const weights = heard.map((one) => names.map((name) => Number(name === one)));
    return { weights, levelled: isHeard && isDerivative(this.heard ?? '') };
  }

  private async play(): Promise<Player> {
    const { dual } = this;
    if (!dual) throw new Error('there is no program yet');
    const player = await Player.start(dual.compiled, this.mix, (report) => {
      this.draw(report);
    });
    for (const widget of player.widgets) {
      if (!widget.isMeter) player.set(widget.index, this.values.of(widget));
    }
    await this.feed(player);
    byId('listen-time').textContent = `${significant((1000 * SEEN) / player.rate, 2)} ms`;
    return player;
  }

  /** Gives the program what is chosen in the menu. */
  private async feed(player = this.playback.player): Promise<void> {
    const { signalMenu } = this;
    if (!player || player.inputs === 0) return;
    try {
      let source: Source = signalMenu.value as Signal | 'microphone';
      if (signalMenu.value === 'file') {
        if (this.file === null) return;
        source = await player.decode(this.file.slice(0));
      }
      await player.feed(source);
    } catch {
      notice(
        signalMenu,
        signalMenu.value === 'file'
          ? 'The browser cannot read this sound file.'
          : 'There is no microphone that this page may use.',
      );
      this.chosen = signalMenu.value = SIGNALS[0];
      await player.feed(SIGNALS[0]);
    }
    for (const { scale } of this.curves) scale.restart();
  }

  private async take(files: FileList | null): Promise<void> {
    const [file] = files ?? [];
    if (!file) return;
    this.file = await file.arrayBuffer();
    this.chosen = this.signalMenu.value = 'file';
    await this.feed();
  }

  private showCurves(names: readonly string[], widgets: readonly Widget[]): void {
    const units = names.map((name) => variableOf(name, widgets)?.unit ?? '');
    const wanted = names.map((name, at) => [name, units[at]]);
    if (String(wanted) === String(this.curves.map(({ name, unit }) => [name, unit]))) return;
    this.curves = names.map((name, at) => ({
      name,
      unit: units[at] ?? '',
      isDerivative: isDerivative(name),
      canvas: h('canvas', { 'aria-hidden': 'true' }),
      size: h('span', { class: 'curve-size' }),
      scale: new Scale(),
    }));
    if (this.heard !== null && !names.includes(this.heard)) this.heard = null;
    byId('listen-curves').replaceChildren(
      ...this.curves.map(({ name, canvas, size, isDerivative: isSlope }) => {
        const choice = h('input', { type: 'radio', name: 'heard', value: name });
        choice.checked = this.heard === name || (this.heard === null && name === names[0]);
        choice.addEventListener('change', () => {
          this.heard = name;
          this.playback.player?.hear(this.mix);
        });
        return h(
          'li',
          { class: isSlope ? 'curve derivative' : 'curve' },
          h(
            'div',
            { class: 'curve-head' },
            h('span', { class: 'curve-name' }, name),
            size,
            h('label', { class: 'choice-one' }, choice, h('span', {}, 'hear')),
          ),
          canvas,
        );
      }),
    );
  }

  private draw({ outputs }: FromProgram): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const [first] = outputs;
      if (!first) return;
      const start = trigger(first, SEEN);
      this.curves.forEach((curve, channel) => {
        const samples = outputs[channel];
        if (samples) drawCurve(curve, samples.subarray(start, start + SEEN));
      });
    });
  }
}

function drawCurve(
  { canvas, size, scale, unit, isDerivative: isSlope }: Curve,
  seen: Float32Array,
): void {
  const top = peak(seen);
  const most = scale.follow(top);
  if (!scale.isNews(top)) return;
  const surface = cleared(canvas);
  if (!surface) return;
  size.textContent = `± ${significant(most, 2)}${unit && ` per ${unit}`}`;
  level(surface, 0.5);
  const shares = Float32Array.from(seen, (value) => 0.5 + (most > 0 ? value / (2 * most) : 0));
  line(surface, shares, isSlope ? 'accent' : 'ink');
}
