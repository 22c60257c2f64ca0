/** Of all that is started, one thing plays at a time: the last, however fast somebody clicks. */

export interface Stoppable {
  stop(): Promise<void>;
}

export class Playback<Player extends Stoppable> {
  /** What plays. */
  player: Player | null = null;
  private isWanted = false;
  /** Counts starts and stops: what a later one has overtaken does not play. */
  private turn = 0;

  /**
   * @param make starts a player.
   * @param onState is told whether something is to play.
   * @param onFault is told why nothing can.
   */
  constructor(
    private readonly make: () => Promise<Player>,
    private readonly onState: (isPlaying: boolean) => void,
    private readonly onFault: (error: unknown) => void,
  ) {}

  async toggle(): Promise<void> {
    await (this.isWanted ? this.stop() : this.start());
  }

  /** Plays what there is now, where something was to play. */
  async restart(): Promise<void> {
    if (this.isWanted) await this.start();
  }

  async stop(): Promise<void> {
    this.turn++;
    this.want(false);
    await this.dismiss();
  }

  private async start(): Promise<void> {
    const turn = ++this.turn;
    this.want(true);
    try {
      await this.dismiss();
      const player = await this.make();
      if (turn === this.turn) this.player = player;
      else await player.stop();
    } catch (error) {
      if (turn !== this.turn) return;
      this.want(false);
      this.onFault(error);
    }
  }

  private want(isWanted: boolean): void {
    this.isWanted = isWanted;
    this.onState(isWanted);
  }

  private async dismiss(): Promise<void> {
    const { player } = this;
    this.player = null;
    await player?.stop();
  }
}
