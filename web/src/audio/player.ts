/** Plays a program: its sliders go in, its outputs are heard and reported. */
import type { Compiled } from '../engine/protocol';
import type { FromProgram, Mix, Start, ToProgram } from './messages';
import { testSignal, type Signal } from './signals';
import { descriptionOf, type Widget } from './widgets';
import workletAddress from './worklet?worker&url';

export const CANNOT_PLAY =
  'This browser has no AudioWorklet, with which this page plays: ' +
  'the other tabs do all they can. (Pages that do not come by https have none, either.)';

export const canPlay = (): boolean => typeof AudioWorkletNode === 'function';

/** What goes into a program. */
export type Source = Signal | 'microphone' | AudioBuffer;

const VOLUME = 0.6;

export class Player {
  private input: { stop(): void } | null = null;
  /** Counts what was to be fed: a microphone comes when somebody has allowed it, maybe too late. */
  private turn = 0;

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    readonly widgets: readonly Widget[],
    readonly inputs: number,
  ) {}

  /**
   * Starts to play. Has to be called because somebody clicked.
   *
   * @param onReport is told, some twenty times a second, what the program computed.
   */
  static async start(
    compiled: Compiled,
    mix: Mix,
    onReport: (report: FromProgram) => void,
  ): Promise<Player> {
    const { told, widgets } = descriptionOf(compiled.json);
    const context = new AudioContext({ latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(workletAddress);
      const indices = (isWanted: (widget: Widget) => boolean): number[] =>
        widgets.filter(isWanted).map(({ index }) => index);
      const options: Start = {
        code: compiled.code,
        told,
        meters: indices(({ isMeter }) => isMeter),
        buttons: indices(({ kind }) => kind === 'button'),
        mix,
      };
      const node = new AudioWorkletNode(context, 'fad-program', {
        numberOfInputs: 1,
        numberOfOutputs: 1,
        outputChannelCount: [Math.max(1, Math.min(2, mix.weights.length))],
        processorOptions: options,
      });
      node.port.onmessage = ({ data }: MessageEvent<FromProgram>) => {
        onReport(data);
      };
      const volume = new GainNode(context, { gain: VOLUME });
      node.connect(volume).connect(context.destination);
      await context.resume();
      return new Player(context, node, widgets, told.inputs);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  get rate(): number {
    return this.context.sampleRate;
  }

  set(index: number, value: number): void {
    this.send({ set: { index, value } });
  }

  hear(mix: Mix): void {
    this.send({ mix });
  }

  /** Takes a sound file apart, for `feed`. */
  async decode(data: ArrayBuffer): Promise<AudioBuffer> {
    return this.context.decodeAudioData(data);
  }

  /** What the program gets from now on. */
  async feed(source: Source): Promise<void> {
    const turn = ++this.turn;
    const made = source === 'microphone' ? await this.microphone() : this.loop(source);
    if (turn !== this.turn) {
      made.stop();
      return;
    }
    this.input?.stop();
    this.input = made;
  }

  async stop(): Promise<void> {
    this.send({ stop: true });
    this.turn++;
    this.input?.stop();
    await this.context.close();
  }

  private send(message: ToProgram): void {
    this.node.port.postMessage(message);
  }

  private loop(source: Signal | AudioBuffer): { stop(): void } {
    let buffer: AudioBuffer;
    if (typeof source === 'string') {
      const samples = testSignal(source, this.rate);
      buffer = this.context.createBuffer(1, samples.length, this.rate);
      buffer.copyToChannel(samples, 0);
    } else buffer = source;
    const node = new AudioBufferSourceNode(this.context, { buffer, loop: true });
    node.connect(this.node);
    node.start();
    return {
      stop: () => {
        node.stop();
        node.disconnect();
      },
    };
  }

  private async microphone(): Promise<{ stop(): void }> {
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
    const node = new MediaStreamAudioSourceNode(this.context, { mediaStream: stream });
    node.connect(this.node);
    return {
      stop: () => {
        node.disconnect();
        for (const track of stream.getTracks()) track.stop();
      },
    };
  }
}
