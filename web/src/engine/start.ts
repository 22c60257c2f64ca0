/** The engine of this page. */
import { EngineClient, type Status } from './client';
import EngineWorker from './worker?worker';

/** The folder of the engine, beside that of the page. */
const ENGINE = new URL('../engine/', document.baseURI).href;

export function startEngine(onStatus: (status: Status) => void): EngineClient {
  return new EngineClient(() => new EngineWorker(), ENGINE, onStatus);
}
