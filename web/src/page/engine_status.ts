/** What the engine does, in the footer. */
import type { Status } from '../engine/client';
import type { Job } from '../engine/protocol';
import { byId } from './dom';

const WORK: Record<Job, string> = {
  transform: 'differentiating',
  reverse: 'differentiating backwards',
  expand: 'expanding',
  learn: 'writing the learning program',
  diagram: 'drawing',
  check: 'proving',
  compile: 'compiling',
};

/** Shorter work is not worth a word. */
const PATIENCE = 300;

let timer: ReturnType<typeof setTimeout> | undefined;

export function showStatus(status: Status): void {
  const text = byId('engine-text');
  const bar = byId<HTMLProgressElement>('engine-progress');
  clearTimeout(timer);
  bar.hidden = status.state !== 'loading';
  document.body.dataset['engine'] = status.state;
  switch (status.state) {
    case 'loading': {
      const { loaded, total } = status;
      bar.value = total ? loaded / total : 0;
      text.textContent = loadingText(loaded, total);
      break;
    }
    case 'ready':
      text.textContent = status.versions;
      break;
    case 'working':
      timer = setTimeout(() => (text.textContent = `${WORK[status.job]} …`), PATIENCE);
      break;
    case 'failed':
      text.textContent = `the engine stopped: ${status.message}`;
  }
}

function loadingText(loaded: number, total: number): string {
  if (total === 0) return 'loading';
  // What is left then is to start Python.
  if (loaded >= total) return 'starting';
  return `loading ${megabytes(loaded)} of ${megabytes(total)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
