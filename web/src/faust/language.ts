/** Faust for the editor: highlighting, folding, comments, brackets, completion. */
import {
  completeFromList,
  type Completion,
  type CompletionContext,
} from '@codemirror/autocomplete';
import {
  foldService,
  HighlightStyle,
  LanguageSupport,
  StreamLanguage,
  syntaxHighlighting,
} from '@codemirror/language';
import type { EditorState } from '@codemirror/state';
import { tags } from '@lezer/highlight';
import { KEYWORDS, PRIMITIVES, WIDGETS } from './words';

interface Scanner {
  inComment: boolean;
}

const kinds = new Map<string, string>([
  ...KEYWORDS.map((word) => [word, 'keyword'] as const),
  ...WIDGETS.map((word) => [word, 'widget'] as const),
  ...PRIMITIVES.map((word) => [word, 'builtin'] as const),
]);

export const faust = StreamLanguage.define<Scanner>({
  name: 'faust',
  startState: () => ({ inComment: false }),
  token(stream, state) {
    if (state.inComment) {
      if (stream.skipTo('*/')) {
        stream.match('*/');
        state.inComment = false;
      } else stream.skipToEnd();
      return 'comment';
    }
    const starts = stream.sol();
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match('/*')) {
      state.inComment = true;
      return 'comment';
    }
    if (stream.match(/^"[^"]*"?/)) return 'string';
    if (stream.match(/^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?f?/)) return 'number';
    if (stream.match(/^[A-Za-z_]\w*/)) {
      const word = stream.current();
      return kinds.get(word) ?? (starts ? 'defined' : /^_$/.test(word) ? 'operator' : 'name');
    }
    if (stream.match(/^[()[\]{}]/)) return 'bracket';
    stream.next();
    return 'operator';
  },
  tokenTable: {
    widget: tags.special(tags.variableName),
    builtin: tags.standard(tags.variableName),
    defined: tags.definition(tags.variableName),
    name: tags.variableName,
  },
  languageData: {
    commentTokens: { line: '//', block: { open: '/*', close: '*/' } },
    closeBrackets: { brackets: ['(', '[', '{', '"'] },
  },
});

/** Colours are the page's own, so that they change with its theme. */
const highlighting = HighlightStyle.define([
  { tag: tags.comment, class: 'tok-comment' },
  { tag: tags.string, class: 'tok-string' },
  { tag: tags.number, class: 'tok-number' },
  { tag: tags.keyword, class: 'tok-keyword' },
  { tag: tags.special(tags.variableName), class: 'tok-widget' },
  { tag: tags.standard(tags.variableName), class: 'tok-builtin' },
  { tag: tags.definition(tags.variableName), class: 'tok-defined' },
  { tag: [tags.operator, tags.bracket], class: 'tok-operator' },
]);

const words: Completion[] = [
  ...KEYWORDS.map((label) => ({ label, type: 'keyword' })),
  ...WIDGETS.map((label) => ({ label, type: 'function', detail: 'widget' })),
  ...PRIMITIVES.map((label) => ({ label, type: 'function' })),
];

/** Completes the words of the language, and the names that the program defines. */
function complete(context: CompletionContext) {
  const own = [
    ...context.state.doc.toString().matchAll(/^\s*([A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?=/gm),
  ];
  const names = new Set(own.map((match) => match[1] ?? ''));
  const defined = [...names].map((label) => ({ label, type: 'variable' }));
  return completeFromList([...defined, ...words])(context);
}

/** What is folded under a line: lines of comment after it, or lines that are indented more. */
export function foldAfter(state: EditorState, start: number): { from: number; to: number } | null {
  const first = state.doc.lineAt(start);
  if (first.text.trim() === '') return null;
  const isComment = (text: string): boolean => text.startsWith('//');
  const depth = indentation(first.text);
  let last = first;
  for (let number = first.number + 1; number <= state.doc.lines; number++) {
    const line = state.doc.line(number);
    const belongs = isComment(first.text)
      ? isComment(line.text)
      : line.text.trim() === '' || indentation(line.text) > depth;
    if (!belongs) break;
    if (line.text.trim() !== '') last = line;
  }
  // A run of comments is folded at its first line only.
  const before = first.number > 1 ? state.doc.line(first.number - 1).text : '';
  if (isComment(first.text) && isComment(before)) return null;
  return last.number > first.number ? { from: first.to, to: last.to } : null;
}

function indentation(text: string): number {
  return text.length - text.trimStart().length;
}

export function faustSupport(): LanguageSupport {
  return new LanguageSupport(faust, [
    faust.data.of({ autocomplete: complete }),
    foldService.of(foldAfter),
    syntaxHighlighting(highlighting),
  ]);
}
