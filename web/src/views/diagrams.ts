/** Diagrams: the program and its dual, as the standard compiler draws them. */
import { Drawing } from '../draw/drawing';
import type { EngineClient } from '../engine/client';
import type { Program } from '../engine/protocol';
import { byId } from '../page/dom';
import type { Panel } from './panel';

export class DiagramsPanel implements Panel {
  private readonly source = new Drawing(byId('drawing-source'), 'program');
  private readonly dual = new Drawing(byId('drawing-dual'), 'dual');

  constructor(private readonly engine: EngineClient) {}

  async show(program: Program) {
    const panel = byId('diagrams-panel');
    const [source, dual] = await Promise.all([
      this.ask(program, 'source'),
      this.ask(program, 'dual'),
    ]);
    if (source === null || dual === null) return null;
    panel.classList.toggle('stale', !source.ok || !dual.ok);
    if (source.ok) this.source.show(source.result.sheets);
    if (dual.ok) this.dual.show(dual.result.sheets);
    return source.ok ? dual : source;
  }

  private ask(program: Program, which: 'source' | 'dual') {
    return this.engine.ask('diagram', { ...program, options: { which } }, `diagram of ${which}`);
  }
}
