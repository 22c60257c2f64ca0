/** What an error says: sentences, and the parts of a program that it is about. */
import { h } from '../page/dom';

export interface Part {
  text: string;
  isCode: boolean;
}

/** Lines that begin with two spaces, as in `  A = _,_`, are parts of a program. */
export function partsOf(message: string): Part[] {
  const parts: Part[] = [];
  for (const line of message.split('\n')) {
    const isCode = line.startsWith('  ');
    const text = isCode ? line.slice(2) : line;
    const last = parts.at(-1);
    if (last?.isCode === isCode) last.text += `\n${text}`;
    else parts.push({ text, isCode });
  }
  return parts;
}

export function messageNodes(message: string): Node[] {
  return partsOf(message).map(({ text, isCode }) =>
    isCode ? h('code', { class: 'problem-code' }, text) : h('span', {}, ...sentenceNodes(text)),
  );
}

/** A sentence with names in it, as in "`gain` is no number": the names are code. */
export function sentenceNodes(sentence: string): (Node | string)[] {
  return sentence
    .split(/`([^`\n]+)`/)
    .map((text, index) => (index % 2 ? h('code', {}, text) : text));
}
