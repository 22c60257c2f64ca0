/** The playground: what was typed goes to the engine, and what comes back is shown. */
import type { EditorView } from '@codemirror/view';
import { Values, type Moved } from '../audio/values';
import { resultEditor, setText, sourceEditor } from '../editor/editors';
import { Links } from '../editor/links';
import { sentenceNodes } from '../editor/message';
import { open } from '../editor/opening';
import { showProblems, type Found } from '../editor/problems';
import type { EngineClient } from '../engine/client';
import type { Answer, Link, Problem, Program } from '../engine/protocol';
import { DiagramsPanel } from '../views/diagrams';
import { LearnPanel } from '../views/learn';
import { ListenPanel } from '../views/listen';
import type { Panel } from '../views/panel';
import { ProvePanel } from '../views/prove';
import { USUAL, type Settings } from '../views/settings';
import { written, type Part, type TextView } from '../views/texts';
import { byId, h } from './dom';
import { copy, download } from './download';
import { exampleAt, fillExamples, NEW } from './examples';
import { taken } from './files';
import { startNameField } from './name_field';
import { dataOf, modelOf } from './names';
import { notice } from './notice';
import { fromHash, ideAddress, isCarrying, toHash, type Shared } from './share';
import { isPart, save, saved } from './store';
import { startTabs } from './tabs';

const TEXTS = ['dual', 'reverse', 'expanded', 'learning'] as const satisfies TextView[];
const FIRST = 'lowpass.dsp';
/** Where the program has a tab of its own, beside nothing else. */
const NARROW = matchMedia('(max-width: 800px)');
/** An import, or a file that is played, which is not beside the program. */
const MISSING = /^cannot find `/;
const ADD = '“Open file” puts files of yours beside the program; so does dropping them on it.';
/** Milliseconds without a key before the engine is asked. */
const PAUSE = 120;

export class Playground {
  private state: Shared;
  private part: Part = 'forward';
  /** What was written last of this program. */
  private written: TextView | null = null;
  /** Counts what was asked to be written: only the answer to the last is shown. */
  private turn = 0;
  private readonly source: EditorView;
  private readonly result: EditorView;
  private readonly links: Links;
  private readonly panels: ReadonlyMap<string, Panel>;
  private readonly choose: (view: string) => void;
  private readonly showName: (name: string) => void;
  private readonly showExample: (source: string) => void;
  private readonly values = new Values((values) => {
    this.keep({ values });
  });
  /** The buttons that bring all sliders back to where the program has them. */
  private readonly backs = [byId('listen-back'), byId('learn-back')];
  /** Whether a program is being opened that an address brings. */
  private isFollowing = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  static async start(engine: EngineClient): Promise<Playground> {
    const { name, source, files } = exampleAt(FIRST) ?? NEW;
    const beginning = { name, source, files, view: TEXTS[0] };
    const [kept, carried] = [saved(), await carriedByAddress()];
    const playground = new Playground(engine, kept ?? carried ?? beginning);
    if (kept && carried) playground.follow(carried);
    else playground.choose(viewOf(playground.state.view));
    return playground;
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
      () => {
        const { name, files, values, learning } = this.state;
        return { name, files, values, learning };
      },
      (source, beside) => {
        if (beside) this.forget(beside.values ?? {});
        this.edited({ source, ...(beside && { values: {}, learning: USUAL, ...beside }) });
      },
      this.links.extension('source'),
    );
    this.result = resultEditor(byId('result'), this.links.extension('dual'));
    this.panels = new Map<string, Panel>([
      ['diagrams', new DiagramsPanel(engine)],
      ['prove', new ProvePanel(engine)],
      ['listen', new ListenPanel(engine, this.values)],
      [
        'learn',
        new LearnPanel(engine, this.values, (learning) => {
          this.edited({ learning });
        }),
      ],
    ]);
    this.choose = startTabs(byId('result-pane').querySelector('.tabs') as HTMLElement, (view) => {
      this.see(view);
    });
    this.values.replace(state.values ?? {});
    this.showBacks();
    this.showName = startNameField(
      () => Object.keys(this.state.files),
      (name) => {
        this.rename(name);
      },
    );
    this.showExample = fillExamples(byId<HTMLSelectElement>('examples'), (example) => {
      const { name, source, files, learning } = example;
      const view = example === NEW && NARROW.matches ? 'source' : this.state.view;
      this.open({ name, source, files, learning, view });
      notice(byId('examples'), 'Undo (Ctrl+Z) brings back the program before.');
    });
    this.listen();
  }

  private get program(): Program {
    const { name, source, files } = this.state;
    return { name, source, files };
  }

  private get settings(): Settings {
    return this.state.learning ?? USUAL;
  }

  private listen(): void {
    byId('share').addEventListener('click', () => void this.share());
    byId('download-source').addEventListener('click', () => {
      download(this.state.name, this.state.source);
    });
    byId('download-result').addEventListener('click', () => {
      download(byId('result-name').textContent, this.result.state.doc.toString());
    });
    const copies = byId('copy-result');
    copies.addEventListener('click', () => {
      void copy(this.result.state.doc.toString()).then((done) => {
        notice(copies, done ? 'Copied.' : 'The browser does not let this page copy.');
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
    byId<HTMLInputElement>('open-file').addEventListener('change', (event) => {
      const field = event.target as HTMLInputElement;
      void this.take(field.files).then(() => {
        // The same one may be chosen again.
        field.value = '';
      });
    });
    NARROW.addEventListener('change', () => {
      const view = viewOf(this.state.view);
      if (view !== document.body.dataset['view']) this.choose(view);
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
        void this.take(event.dataTransfer.files);
      },
      { capture: true },
    );
    for (const button of this.backs) {
      button.addEventListener('click', () => {
        this.values.replace({});
        this.edited({ values: {}, learning: { ...this.settings, start: {} } });
      });
    }
    addEventListener('hashchange', () => {
      void carriedByAddress().then((carried) => {
        if (carried) this.follow(carried);
      });
    });
  }

  /** Another program; what was there can be had again by undoing. */
  private open({ view, source, ...beside }: Shared): void {
    open(this.source, source, beside);
    this.choose(viewOf(view));
  }

  /** What an address brings. Until it is changed, the address keeps it, and the browser the other. */
  private follow(carried: Shared): void {
    this.isFollowing = true;
    this.open(carried);
    this.isFollowing = false;
  }

  /** What is shown, and where sliders stand, says nothing about another program. */
  private forget(values: Moved): void {
    this.values.replace(values);
    for (const panel of this.panels.values()) panel.forget?.();
    this.written = null;
  }

  /** Another name, with which its model and its data go along. */
  private rename(name: string): void {
    const renamed = new Map([modelOf, dataOf].map((of) => [of(this.state.name), of(name)]));
    const files = Object.entries(this.state.files).map(
      ([file, text]) => [renamed.get(file) ?? file, text] as const,
    );
    this.edited({ name, files: Object.fromEntries(files) });
  }

  private edited(change: Partial<Shared>): void {
    this.keep(change);
    this.links.set([]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.refresh();
    }, PAUSE);
  }

  private keep(change: Partial<Shared>): void {
    this.state = { ...this.state, ...change };
    this.showBacks();
    if (this.isFollowing) return;
    save(this.state);
    if (isPart) void this.carry();
    // An address with a program in it would bring that one back.
    else if (location.hash) history.replaceState(null, '', location.pathname);
  }

  private showBacks(): void {
    const moved = { ...this.state.values, ...this.settings.start };
    for (const button of this.backs) button.hidden = Object.keys(moved).length === 0;
  }

  /** Lets the address bring what there is: from there, the page around takes it elsewhere. */
  private async carry(): Promise<void> {
    const { state } = this;
    const hash = await toHash(state);
    if (state === this.state) history.replaceState(null, '', hash);
  }

  private see(view: string): void {
    if (this.state.view !== view) {
      if (isPart || !location.hash) this.keep({ view });
      else this.state = { ...this.state, view };
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
    document.title = `${this.state.name}: fad`;
    this.showName(this.state.name);
    this.showExample(this.state.source);
    this.showFiles();
    const turn = ++this.turn;
    const panel = this.panels.get(view);
    if (panel) {
      void this.show(panel, view, turn);
      return;
    }
    const shown = TEXTS.find((text) => text === view) ?? TEXTS[0];
    byId('parts').hidden = shown !== 'reverse';
    byId('text-panel').setAttribute('aria-labelledby', `tab-${shown}`);
    void this.write(shown, turn);
  }

  private async show(panel: Panel, view: string, turn: number): Promise<void> {
    const element = byId(`${view}-panel`);
    element.setAttribute('aria-busy', 'true');
    const answer = await panel.show(this.program, this.settings);
    if (answer === null || turn !== this.turn) return;
    element.setAttribute('aria-busy', 'false');
    this.report(answer);
  }

  private async write(view: TextView, turn: number): Promise<void> {
    const panel = byId('text-panel');
    panel.setAttribute('aria-busy', 'true');
    const answer = await written(this.engine, view, this.part, this.program, this.settings);
    if (answer === null || turn !== this.turn) return;
    panel.setAttribute('aria-busy', 'false');
    panel.classList.toggle('stale', !answer.ok);
    this.report(answer);
    if (!answer.ok) {
      if (this.written !== view) setText(this.result, '');
      const isEmpty = this.result.state.doc.length === 0;
      byId('result-about').textContent = isEmpty ? '' : 'This is from before the error.';
      return;
    }
    this.written = view;
    const { name, text, about, links } = answer.result;
    setText(this.result, text);
    byId('result-name').textContent = name;
    byId('result-about').replaceChildren(...sentenceNodes(about));
    this.links.set(links);
  }

  private report(answer: Answer<unknown>): void {
    const found = (problem: Problem, severity: Found['severity']): Found => ({
      ...problem,
      ...(MISSING.test(problem.message) && { hint: `${problem.hint ?? ''}\n${ADD}` }),
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
    const button = byId('share');
    try {
      history.replaceState(null, '', await toHash(this.state));
    } catch {
      notice(button, 'This browser is too old to make links.');
      return;
    }
    const done = await copy(location.href);
    notice(button, done ? 'The link is copied.' : 'The link is in the address bar.');
  }

  /** Takes files that somebody chooses or drops. */
  private async take(files: FileList | null): Promise<void> {
    const { name, source, view } = this.state;
    const given = await Promise.all(
      [...(files ?? [])].map(async (file) => [file.name, await file.text()] as const),
    );
    const { program, beside } = taken(given, [name, source]);
    if (program) this.open({ ...program, files: beside, view });
    else this.edited({ files: { ...this.state.files, ...beside } });
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
}

/** What there is to say about links that are lit. */
function explained(links: readonly Link[]): (string | Node)[] {
  const [first] = links;
  if (first === undefined) return [];
  const names = [...new Set(links.map(({ name }) => name))].join(', ');
  const what = links.length === 1 ? first.what : `${links.length} definitions come from here`;
  return [h('strong', {}, names), `: ${what}`];
}

/**
 * What the address brings: a program, `#p=…`, or an example, `#example=learn/onepole.dsp&view=learn`.
 * A sentence tells where it should bring something and does not.
 */
async function carriedByAddress(): Promise<Shared | null> {
  const { hash } = location;
  const asked = new URLSearchParams(hash.slice(1));
  const address = asked.get('example');
  if (address !== null) {
    const example = exampleAt(address);
    if (example) {
      const { name, source, files, learning } = example;
      return { name, source, files, learning, view: asked.get('view') ?? TEXTS[0] };
    }
    notice(byId('examples'), `There is no example ${address}.`);
  }
  const carried = await fromHash(hash);
  if (!carried && isCarrying(hash)) {
    notice(byId('share'), 'The link is not whole: it brings no program.');
  }
  return carried;
}

/** The tab that a name means here; a phone that does not have it shows the program. */
function viewOf(view: string): string {
  const isThere = view === 'source' ? NARROW.matches : document.getElementById(`tab-${view}`);
  if (isThere) return view;
  return NARROW.matches ? 'source' : TEXTS[0];
}
