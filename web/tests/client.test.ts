import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EngineClient, type Status, type WorkerLike } from '../src/engine/client';
import type { Order, Report } from '../src/engine/protocol';

class FakeWorker implements WorkerLike {
  orders: Order[] = [];
  ended = false;
  onmessage: ((event: MessageEvent<Report>) => unknown) | null = null;
  onerror: ((event: ErrorEvent) => unknown) | null = null;
  postMessage(order: Order): void {
    this.orders.push(order);
  }
  terminate(): void {
    this.ended = true;
  }
  report(data: Report): void {
    this.onmessage?.({ data } as MessageEvent<Report>);
  }
  get jobs() {
    return this.orders.flatMap((order) => ('start' in order ? [] : [order]));
  }
  answer(text: string): void {
    const id = this.jobs.at(-1)?.id ?? -1;
    this.report({ id, answer: { ok: true, result: { text }, warnings: [] }, broken: false });
  }
  breaks(): void {
    const id = this.jobs.at(-1)?.id ?? -1;
    const error = { message: 'internal error: Maximum call stack size exceeded' };
    this.report({ id, answer: { ok: false, error }, broken: true });
  }
}

const program = (source: string) => ({ name: 'program.dsp', source, files: {} });

function started(limit = 20_000) {
  const workers: FakeWorker[] = [];
  const statuses: Status[] = [];
  const client = new EngineClient(
    () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    'engine/',
    (status) => statuses.push(status),
    limit,
  );
  const latest = (): FakeWorker => {
    const worker = workers.at(-1);
    if (worker === undefined) throw new Error('no worker');
    return worker;
  };
  return { client, workers, latest, statuses };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('jobs wait until the engine is loaded', async () => {
  const { client, latest } = started();
  const answer = client.ask('expand', program('process = _;'));
  expect(latest().jobs).toEqual([]);
  latest().report({ ready: { versions: 'fad 1' } });
  expect(latest().jobs.map((job) => job.job)).toEqual(['expand']);
  latest().answer('expanded');
  expect(await answer).toMatchObject({ ok: true, result: { text: 'expanded' } });
});

test('of two hundred edits, the first and the last are done', async () => {
  const { client, latest } = started();
  latest().report({ ready: { versions: '' } });
  const answers = Array.from({ length: 200 }, (_, edit) =>
    client.ask('expand', program(`process = ${edit};`)),
  );
  latest().answer('first');
  latest().answer('last');
  const results = await Promise.all(answers);
  expect(latest().jobs.map((job) => job.program.source)).toEqual([
    'process = 0;',
    'process = 199;',
  ]);
  expect(results.filter((result) => result !== null)).toHaveLength(2);
  expect(results[199]).toMatchObject({ result: { text: 'last' } });
});

test('channels do not take the place of each other', async () => {
  const { client, latest } = started();
  latest().report({ ready: { versions: '' } });
  const first = client.ask('expand', program('a'), 'one');
  const second = client.ask('expand', program('b'), 'two');
  const third = client.ask('expand', program('c'), 'three');
  for (const text of ['a', 'b', 'c']) latest().answer(text);
  expect(await Promise.all([first, second, third])).toMatchObject(
    ['a', 'b', 'c'].map((text) => ({ result: { text } })),
  );
});

test('a job that takes too long ends the worker, and the next one is done by another', async () => {
  const { client, workers, latest } = started(20_000);
  latest().report({ ready: { versions: '' } });
  const endless = client.ask('expand', program('endless'));
  const next = client.ask('expand', program('next'));
  vi.advanceTimersByTime(19_999);
  expect(workers[0]?.ended).toBe(false);
  vi.advanceTimersByTime(1);
  expect(workers[0]?.ended).toBe(true);
  expect(await endless).toMatchObject({
    ok: false,
    error: { message: 'this took longer than 20 seconds, and was ended' },
  });
  expect(workers).toHaveLength(2);
  latest().report({ ready: { versions: '' } });
  expect(latest().jobs.map((job) => job.program.source)).toEqual(['next']);
  workers[0]?.answer('too late');
  latest().answer('done');
  expect(await next).toMatchObject({ ok: true, result: { text: 'done' } });
});

test('a worker that is broken is followed by another', async () => {
  const { client, workers, latest } = started();
  latest().report({ ready: { versions: '' } });
  const deep = client.ask('expand', program('deep'));
  const next = client.ask('expand', program('next'));
  latest().breaks();
  expect(await deep).toMatchObject({ ok: false });
  expect(workers[0]?.ended).toBe(true);
  latest().report({ ready: { versions: '' } });
  latest().answer('done');
  expect(await next).toMatchObject({ ok: true, result: { text: 'done' } });
});

test('loading takes as long as it takes', async () => {
  const { client, workers, latest } = started(20_000);
  const answer = client.ask('expand', program('a'));
  vi.advanceTimersByTime(120_000);
  expect(workers).toHaveLength(1);
  latest().report({ ready: { versions: '' } });
  latest().answer('done');
  expect(await answer).toMatchObject({ ok: true });
});

test('where the engine cannot be loaded, every job is told, and the next one tries again', async () => {
  const { client, workers, latest, statuses } = started();
  const answer = client.ask('expand', program('a'));
  latest().report({ failed: 'no network' });
  expect(await answer).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('no network') as string },
  });
  expect(statuses.at(-1)).toEqual({ state: 'failed', message: 'no network' });
  void client.ask('expand', program('b'));
  expect(workers).toHaveLength(2);
  latest().report({ ready: { versions: '' } });
  expect(latest().jobs.map((job) => job.program.source)).toEqual(['b']);
});

test('tells what it does', () => {
  const { client, latest, statuses } = started();
  latest().report({ progress: { loaded: 3, total: 10 } });
  latest().report({ ready: { versions: 'fad 1' } });
  void client.ask('check', program('a'));
  latest().answer('done');
  expect(statuses).toEqual([
    { state: 'loading', loaded: 0, total: 0 },
    { state: 'loading', loaded: 3, total: 10 },
    { state: 'ready', versions: 'fad 1' },
    { state: 'working', job: 'check' },
    { state: 'ready', versions: 'fad 1' },
  ]);
});
