/** The playground: what was typed goes to the engine, and what comes back is shown. */
import type { EditorView } from '@codemirror/view';
import { resultEditor, setText, sourceEditor } from '../editor/editors';
import { Links } from '../editor/links';
import { showProblems, type Found } from '../editor/problems';
import type { EngineClient } from '../engine/client';
import type { Answer, Link, Problem, Program } from '../engine/protocol';
import { DiagramsPanel } from '../views/diagrams';
import { LearnPanel } from '../views/learn';
import { ListenPanel } from '../views/listen';
import type { Panel } from '../views/panel';
import { ProvePanel } from '../views/prove';
import { USUAL } from '../views/settings';
import { written, type Part, type TextView } from '../views/texts';
import { byId, h } from './dom';
import { copy, download } from './download';
import { EXAMPLES, fillExamples } from './examples';
import { fromHash, ideAddress, toHash, type Shared } from './share';
import { save, saved } from './store';
import { startTabs } from './tabs';

const TEXTS = ['dual', 'reverse', 'expanded', 'learning'] as const satisfies TextView[];
const FIRST = 'lowpass.dsp';
/** Where the program has a tab of its own, beside nothing else. */
const NARROW = matchMedia('(max-width: 800px)');
/** Milliseconds without a key before the engine is asked. */
const PAUSE = 120;
/** Milliseconds that a notice stays. */
const NOTICE = 4000;

export class Playground {
  private state: Shared;
  private part: Part = 'forward';
  /** Counts what was asked to be written: only the answer to the last is shown. */
  private turn = 0;
  private readonly source: EditorView;
  private readonly result: EditorView;
  private readonly links: Links;
  private readonly panels: ReadonlyMap<string, Panel>;
  private readonly choose: (view: string) => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private noticeTimer: ReturnType<typeof setTimeout> | undefined;

  static async start(engine: EngineClient): Promise<Playground> {
    const first = EXAMPLES.find(({ group, name }) => group === '' && name === FIRST);
    const beginning = {
      name: FIRST,
      source: first?.source ?? '',
      view: 'dual',
      files: {},
      learning: USUAL,
    };
    return new Playground(engine, (await fromHash(location.hash)) ?? saved() ?? beginning);
  }

  private constructor(
    private readonly engine: EngineClient,
    state: Shared,
  ) {
    this.state = state;
    this.links = new Links((links) => {
      byId('because').replaceChildren(...explained(links));
    });
    this.source = sourceEditor(
      byId('source'),
      state.source,
      (text) => {
        this.edited({ source: text });
      },
      this.links.extension('source'),
    );
    this.result = resultEditor(byId('result'), this.links.extension('dual'));
    this.panels = new Map<string, Panel>([
      ['diagrams', new DiagramsPanel(engine)],
      ['prove', new ProvePanel(engine)],
      [
        'listen',
        new ListenPanel(engine, (text) => {
          this.notice(text);
        }),
      ],
      [
        'learn',
        new LearnPanel(engine, (learning) => {
          this.edited({ learning });
        }),
      ],
    ]);
    this.choose = startTabs(byId('result-pane').querySelector('.tabs') as HTMLElement, (view) => {
      this.see(view);
    });
    this.listen();
    this.choose(viewOf(state.view));
  }

  private get program(): Program {
    const { name, source, files } = this.state;
    return { name, source, files };
  }

  private listen(): void {
    const menu = byId<HTMLSelectElement>('examples');
    fillExamples(menu, ({ name, source, files, learning }) => {
      this.open({ ...this.state, name, source, files, learning });
    });
    byId('share').addEventListener('click', () => void this.share());
    byId('download-source').addEventListener('click', () => {
      download(this.state.name, this.state.source);
    });
    byId('download-result').addEventListener('click', () => {
      download(byId('result-name').textContent, this.result.state.doc.toString());
    });
    byId('copy-result').addEventListener('click', () => {
      void copy(this.result.state.doc.toString()).then((done) => {
        this.notice(done ? 'Copied.' : 'The browser does not let this page copy.');
      });
    });
    for (const [id, text] of [
      ['ide', () => this.state],
      ['ide-result', () => this.shown],
    ] as const) {
      const link = byId<HTMLAnchorElement>(id);
      link.addEventListener('click', () => {
        link.href = ideAddress(text().name, text().source);
      });
    }
    byId('parts').addEventListener('change', (event) => {
      this.part = (event.target as HTMLInputElement).value as Part;
      this.refresh();
    });
    byId<HTMLInputElement>('add-file').addEventListener('change', (event) => {
      void this.add((event.target as HTMLInputElement).files);
    });
    NARROW.addEventListener('change', () => {
      this.choose(viewOf(this.state.view));
    });
    const pane = byId('source-pane');
    pane.addEventListener('dragover', (event) => {
      event.preventDefault();
    });
    pane.addEventListener(
      'drop',
      (event) => {
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        event.stopPropagation();
        void this.add(event.dataTransfer.files);
      },
      { capture: true },
    );
    addEventListener('hashchange', () => {
      void fromHash(location.hash).then((shared) => {
        if (shared) this.open(shared);
      });
    });
  }

  /** Another program; what was there can be had again by undoing. */
  private open(shared: Shared): void {
    this.state = shared;
    setText(this.source, shared.source);
    save(this.state);
    this.choose(viewOf(shared.view));
  }

  private edited(change: Partial<Shared>): void {
    this.state = { ...this.state, ...change };
    save(this.state);
    // An address with a program in it would bring that one back.
    if (location.hash) history.replaceState(null, '', location.pathname);
    this.links.set([]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.refresh();
    }, PAUSE);
  }

  private see(view: string): void {
    if (this.state.view !== view) {
      this.state = { ...this.state, view };
      save(this.state);
    }
    document.body.dataset['view'] = view;
    for (const [name, panel] of this.panels) {
      if (name !== view) panel.hide?.();
      byId(`${name}-panel`).hidden = name !== view;
    }
    byId('text-panel').hidden = this.panels.has(view);
    this.refresh();
  }

  /** Has done again what is looked at. */
  private refresh(): void {
    clearTimeout(this.timer);
    const { view } = this.state;
    byId('source-name').textContent = this.state.name;
    this.showFiles();
    const turn = ++this.turn;
    const panel = this.panels.get(view);
    if (panel) {
      void panel.show(this.program, this.state.learning).then((answer) => {
        if (answer !== null && turn === this.turn) this.report(answer);
      });
      return;
    }
    const shown = TEXTS.find((text) => text === view) ?? TEXTS[0];
    byId('parts').hidden = shown !== 'reverse';
    byId('text-panel').setAttribute('aria-labelledby', `tab-${shown}`);
    void this.write(shown, turn);
  }

  private async write(view: TextView, turn: number): Promise<void> {
    const panel = byId('text-panel');
    panel.setAttribute('aria-busy', 'true');
    const answer = await written(this.engine, view, this.part, this.program, this.state.learning);
    if (answer === null || turn !== this.turn) return;
    panel.setAttribute('aria-busy', 'false');
    panel.classList.toggle('stale', !answer.ok);
    this.report(answer);
    if (!answer.ok) {
      const isEmpty = this.result.state.doc.length === 0;
      byId('result-about').textContent = isEmpty ? '' : 'This is from before the error.';
      return;
    }
    const { name, text, about, links } = answer.result;
    setText(this.result, text);
    byId('result-name').textContent = name;
    byId('result-about').textContent = about;
    this.links.set(links);
  }

  private report(answer: Answer<unknown>): void {
    const found = (problem: Problem, severity: Found['severity']): Found => ({
      ...problem,
      severity,
    });
    const problems = answer.ok
      ? answer.warnings.map((warning) => found(warning, 'warning'))
      : [found(answer.error, 'error')];
    showProblems(this.source, byId('problems'), problems, this.state.name, () => {
      if (NARROW.matches) this.choose('source');
    });
  }

  private get shown(): { name: string; source: string } {
    return { name: byId('result-name').textContent, source: this.result.state.doc.toString() };
  }

  private async share(): Promise<void> {
    try {
      history.replaceState(null, '', await toHash(this.state));
    } catch {
      this.notice('This browser is too old to make links.');
      return;
    }
    const done = await copy(location.href);
    this.notice(done ? 'The link is copied.' : 'The link is in the address bar.');
  }

  private async add(files: FileList | null): Promise<void> {
    const texts = await Promise.all(
      [...(files ?? [])].map(async (file) => [file.name, await file.text()] as const),
    );
    this.edited({ files: { ...this.state.files, ...Object.fromEntries(texts) } });
  }

  private showFiles(): void {
    const names = Object.keys(this.state.files);
    const list = byId('files');
    list.hidden = names.length === 0;
    list.replaceChildren(
      ...names.map((name) => {
        const remove = h('button', { type: 'button', 'aria-label': `Remove ${name}` }, '×');
        remove.addEventListener('click', () => {
          const others = Object.entries(this.state.files).filter(([other]) => other !== name);
          this.edited({ files: Object.fromEntries(others) });
        });
        return h('li', {}, name, remove);
      }),
    );
  }

  private notice(text: string): void {
    byId('notice').textContent = text;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => (byId('notice').textContent = ''), NOTICE);
  }
}

/** What there is to say about links that are lit. */
function explained(links: readonly Link[]): (string | Node)[] {
  const [first] = links;
  if (first === undefined) return [];
  const names = [...new Set(links.map(({ name }) => name))].join(', ');
  const what = links.length === 1 ? first.what : `${links.length} definitions come from here`;
  return [h('strong', {}, names), `: ${what}`];
}

/** The tab that a name means here. */
function viewOf(view: string): string {
  const isThere = view === 'source' ? NARROW.matches : document.getElementById(`tab-${view}`);
  return isThere ? view : TEXTS[0];
}
