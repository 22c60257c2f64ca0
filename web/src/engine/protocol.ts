/** What the page and the engine say to each other: the jobs, and their answers. */

/** A place in a text; offsets count UTF-16 code units, as the editor does. */
export interface Place {
  file: string;
  from: number;
  to: number;
  line: number;
  column: number;
}

export interface Problem {
  message: string;
  hint?: string | null;
  place?: Place | null;
}

export type Answer<Result> =
  { ok: true; result: Result; warnings: Problem[] } | { ok: false; error: Problem };

export interface Range {
  from: number;
  to: number;
}

/** A part of the source, and the definition that it became. */
export interface Link {
  source: Range;
  dual: Range;
  name: string;
  what: string;
}

/** What is left of a derivative when it has been checked. */
export interface Badge {
  path: string;
  label: string;
  verdict: string;
  error: number | null;
}

/** What came of one output and one parameter at one point; both are counted from 0. */
export interface Verdict extends Badge {
  output: number;
  point: number;
  tolerance: number | null;
  sample: number | null;
}

/** What a check found. */
export interface Check {
  verdicts: Verdict[];
  /** The worst verdict of each output and parameter. */
  derivatives: (Verdict & { name: string })[];
  /** The worst verdict of each parameter. */
  badges: Badge[];
  /** Of each point: the path of a widget -> its value, where that is not the initial one. */
  points: Record<string, number>[];
  /** How many samples were compared at each point, and at which rate. */
  frames: number;
  rate: number;
  remarks: string[];
  passed: boolean;
}

/** A program as WebAssembly, and what Faust tells about it (JSON). */
export interface Compiled {
  code: Uint8Array<ArrayBuffer>;
  json: string;
}

/** A parameter that is learnt, from `init` on. */
export interface Learnt {
  path: string;
  /** What it is called in the learning program. */
  title: string;
  label: string;
  init: number;
  min: number;
  max: number;
  scale: 'lin' | 'log';
  unit: string;
}

/** The result of each job. */
export interface Results {
  transform: { text: string; outputs: string[]; links: Link[] };
  reverse: { forward: string; adjoint: string; control: string; manifest: string };
  expand: { text: string };
  learn: { text: string; parameters: Learnt[] };
  check: Check;
  /** File name -> SVG; `process.svg` is the whole, and sheets link to each other. */
  diagram: { sheets: Record<string, string> };
  compile: Compiled;
}

export type Job = keyof Results;

/** What a job is done on. */
export interface Program {
  name: string;
  source: string;
  files: Record<string, string>;
  options?: Record<string, unknown>;
}

/** Page to worker. */
export type Order = { start: { engine: string } } | { id: number; job: Job; program: Program };

/** Worker to page. After an answer that is `broken`, the worker can do nothing more. */
export type Report =
  | { progress: { loaded: number; total: number } }
  | { ready: { versions: string } }
  | { failed: string }
  | { id: number; answer: Answer<unknown>; broken: boolean };
