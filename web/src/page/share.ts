/** What is in the page, as a piece of an address: compressed, after the `#`. */
import { nameProblem, UNNAMED } from './names';
import { isRecord, only } from './records';
import { settingsIn, type Settings } from '../views/settings';

/** What a link to the page carries. */
export interface Shared {
  name: string;
  source: string;
  view: string;
  files: Record<string, string>;
  /** Where its sliders stand, by their paths (see `keyOf`), if somebody has moved them. */
  values?: Record<string, number>;
  /** How it is to learn, if somebody has chosen that. */
  learning?: Settings;
}

const KEY = 'p=';

export async function toHash(shared: Shared): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(shared));
  return `#${KEY}${toBase64(await through(bytes, new CompressionStream('deflate-raw')))}`;
}

/** Whether an address is to carry something. */
export const isCarrying = (hash: string): boolean => hash.startsWith(`#${KEY}`);

/** What an address carries; null where it carries nothing, or what cannot be read. */
export async function fromHash(hash: string): Promise<Shared | null> {
  if (!isCarrying(hash)) return null;
  try {
    const bytes = fromBase64(hash.slice(KEY.length + 1));
    const text = await through(bytes, new DecompressionStream('deflate-raw'));
    return checked(JSON.parse(new TextDecoder().decode(text)));
  } catch {
    return null;
  }
}

/** A value that came from elsewhere, if it is what the page keeps. */
export function checked(value: unknown): Shared | null {
  if (!isRecord(value)) return null;
  const { name, source, view, files, values, learning } = value;
  if (typeof name !== 'string' || typeof source !== 'string' || typeof view !== 'string')
    return null;
  return {
    name: nameProblem(name) === null ? name : UNNAMED,
    source,
    view,
    files: only(files, (text) => typeof text === 'string'),
    ...(isRecord(learning) && { learning: settingsIn(learning) }),
    ...(isRecord(values) && { values: only(values, Number.isFinite as IsNumber) }),
  };
}

type IsNumber = (value: unknown) => value is number;

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: ReadableWritablePair<Uint8Array, BufferSource>,
): Promise<Uint8Array<ArrayBuffer>> {
  const result = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(result as BodyInit).arrayBuffer());
}

/** Base64 as addresses take it. */
export function toBase64(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(bytes, (char) => char.charCodeAt(0));
}

/** The address that opens a program in the Faust IDE. */
export function ideAddress(name: string, source: string): string {
  const parameters = new URLSearchParams({
    autorun: '0',
    voices: '0',
    name: name.replace(/\.dsp$/, ''),
    inline: toBase64(new TextEncoder().encode(source)),
  });
  return `https://faustide.grame.fr/?${parameters}`;
}
