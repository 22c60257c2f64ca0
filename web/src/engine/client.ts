/**
 * The page's side of the engine: one job at a time, and of those that wait, the latest of each kind.
 *
 * Python in the worker cannot be interrupted. A job that takes too long ends the worker, and a new
 * one is started for the next job, so that no program can stop the page.
 */
import type { Answer, Job, Order, Problem, Program, Report, Results } from './protocol';

/** What the client needs of a Worker. */
export interface WorkerLike {
  postMessage(order: Order): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<Report>) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
}

export type Status =
  | { state: 'loading'; loaded: number; total: number }
  | { state: 'ready'; versions: string }
  | { state: 'working'; job: Job }
  | { state: 'failed'; message: string };

interface Waiting {
  job: Job;
  program: Program;
  settle: (answer: Answer<unknown> | null) => void;
}

/** Milliseconds after which a job is given up. */
const LIMIT = 20_000;

export class EngineClient {
  private worker: WorkerLike | null = null;
  private versions: string | null = null;
  private current: (Waiting & { id: number; timer: ReturnType<typeof setTimeout> }) | null = null;
  private waiting = new Map<string, Waiting>();
  private count = 0;

  /**
   * @param makeWorker starts a worker.
   * @param engine where the files of the engine are.
   * @param onStatus is told what the engine does.
   * @param limit milliseconds that a job may take.
   */
  constructor(
    private readonly makeWorker: () => WorkerLike,
    private readonly engine: string,
    private readonly onStatus: (status: Status) => void = () => undefined,
    private readonly limit = LIMIT,
  ) {
    this.start();
  }

  /**
   * Has a job done.
   *
   * @param channel of the jobs of a channel that wait, only the latest is done.
   * @returns the answer; null where a later one of the channel took its place.
   */
  ask<J extends Job>(
    job: J,
    program: Program,
    channel: string = job,
  ): Promise<Answer<Results[J]> | null> {
    return new Promise((resolve) => {
      this.waiting.get(channel)?.settle(null);
      // The latest comes last, so that what the user looks at now is not before what came later.
      this.waiting.delete(channel);
      this.waiting.set(channel, {
        job,
        program,
        settle: resolve as (answer: Answer<unknown> | null) => void,
      });
      if (this.worker === null) this.start();
      this.next();
    });
  }

  private start(): void {
    this.versions = null;
    const worker = this.makeWorker();
    this.worker = worker;
    worker.onmessage = (event) => {
      if (worker === this.worker) this.receive(event.data);
    };
    worker.onerror = (event) => {
      if (worker === this.worker) this.fail(event.message || 'the engine could not be loaded');
    };
    this.onStatus({ state: 'loading', loaded: 0, total: 0 });
    worker.postMessage({ start: { engine: this.engine } });
  }

  private next(): void {
    if (this.versions === null || this.worker === null || this.current !== null) return;
    const [first] = this.waiting;
    if (first === undefined) {
      this.onStatus({ state: 'ready', versions: this.versions });
      return;
    }
    const [channel, job] = first;
    this.waiting.delete(channel);
    const id = ++this.count;
    const timer = setTimeout(() => {
      this.giveUp();
    }, this.limit);
    this.current = { ...job, id, timer };
    this.onStatus({ state: 'working', job: job.job });
    this.worker.postMessage({ id, job: job.job, program: job.program });
  }

  private receive(report: Report): void {
    if ('progress' in report) {
      this.onStatus({ state: 'loading', ...report.progress });
    } else if ('ready' in report) {
      this.versions = report.ready.versions;
      this.next();
    } else if ('failed' in report) {
      this.fail(report.failed);
    } else if (report.id === this.current?.id) {
      const { settle } = this.finished();
      settle(report.answer);
      if (report.broken) this.restart();
      else this.next();
    }
  }

  private restart(): void {
    this.worker?.terminate();
    this.worker = null;
    this.start();
  }

  private finished(): Waiting {
    if (this.current === null) throw new Error('no job is being done');
    const done = this.current;
    clearTimeout(done.timer);
    this.current = null;
    return done;
  }

  private giveUp(): void {
    const { settle } = this.finished();
    settle(
      refusal({
        message: `this took longer than ${this.limit / 1000} seconds, and was ended`,
        hint: 'the program may be endless, or too large for the page: the command `fad` has no such limit',
      }),
    );
    this.restart();
  }

  /** Everything that waits is answered; the next job tries to start the engine again. */
  private fail(message: string): void {
    this.worker?.terminate();
    this.worker = null;
    const jobs = [...(this.current ? [this.finished()] : []), ...this.waiting.values()];
    this.waiting.clear();
    this.onStatus({ state: 'failed', message });
    for (const { settle } of jobs) settle(refusal({ message: `the engine stopped: ${message}` }));
  }
}

function refusal(error: Problem): Answer<never> {
  return { ok: false, error };
}
