/** Fetches the files of the engine, and counts their bytes for the progress bar. */

export type Progress = (loaded: number, total: number) => void;

export class Loader {
  private loaded = 0;
  private readonly fetch = globalThis.fetch.bind(globalThis);

  /**
   * @param base the folder of the engine, with a slash at its end.
   * @param sizes the bytes of each file in it.
   * @param files those that will be fetched.
   */
  constructor(
    readonly base: string,
    private readonly sizes: Readonly<Record<string, number>>,
    private readonly files: readonly string[],
    private readonly onProgress: Progress,
  ) {}

  get total(): number {
    return this.files.reduce((sum, file) => sum + (this.sizes[file] ?? 0), 0);
  }

  url(file: string): string {
    return this.base + file;
  }

  /** The response for a file, whose bytes are counted while somebody reads them. */
  async response(file: string): Promise<Response> {
    const response = await this.fetch(this.url(file));
    if (!response.ok || response.body === null) {
      throw new Error(`${file} could not be loaded (${response.status})`);
    }
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          this.count(chunk.byteLength);
          controller.enqueue(chunk);
        },
      }),
    );
    // WebAssembly is compiled while it comes, where the type says what it is.
    const headers = { 'content-type': response.headers.get('content-type') ?? '' };
    return new Response(counted, { headers });
  }

  async bytes(file: string): Promise<ArrayBuffer> {
    return (await this.response(file)).arrayBuffer();
  }

  async text(file: string): Promise<string> {
    return (await this.response(file)).text();
  }

  private count(bytes: number): void {
    this.loaded = Math.min(this.loaded + bytes, this.total);
    this.onProgress(this.loaded, this.total);
  }
}
