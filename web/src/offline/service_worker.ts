/**
 * Keeps the page for when there is no network.
 *
 * Names of scripts change with what is in them: those that are kept are good for ever. For all else
 * the network is asked first, so that nobody works with an old page.
 */

// What there is in a service worker; TypeScript's library for pages does not know.
interface Lasting {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Telling extends Lasting {
  data: unknown;
  source: { postMessage(message: unknown): void } | null;
}
interface Scope {
  location: Location;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
  addEventListener(type: 'message', listener: (event: Telling) => void): void;
}

const scope = self as unknown as Scope;
const CACHE = 'fad-page';
const at = (path: string): string => new URL(path, scope.location.href).href;

scope.addEventListener('install', (event) => {
  event.waitUntil(scope.skipWaiting());
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(scope.clients.claim());
});

scope.addEventListener('message', (event) => {
  if (event.data !== 'keep') return;
  event.waitUntil(
    keepAll().then(() => {
      event.source?.postMessage('kept');
    }),
  );
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).origin === scope.location.origin;
  if (request.method === 'GET' && isOurs) event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept && request.url.startsWith(at('assets/'))) return kept;
  try {
    const response = await fetch(request);
    // What is kept stays what the site has.
    if (kept && response.ok && stamp(kept) !== stamp(response)) {
      await cache.put(request, response.clone());
    }
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** By what two versions of a file differ. */
function stamp({ headers }: Response): string {
  return `${headers.get('etag') ?? ''} ${headers.get('last-modified') ?? ''}`;
}

/** Everything that the page and its engine are made of. */
async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  const [page, engine] = await Promise.all([
    fetch(at('files.json')).then((response) => response.json() as Promise<string[]>),
    fetch(at('../engine/manifest.json')).then(
      (response) => response.json() as Promise<Record<string, number>>,
    ),
  ]);
  const urls = [
    at('./'),
    at('../engine/manifest.json'),
    ...page.map(at),
    ...Object.keys(engine).map((file) => at(`../engine/${file}`)),
  ];
  const known = new Set((await cache.keys()).map(({ url }) => url));
  await cache.addAll(urls.filter((url) => !known.has(url)));
  const wanted = new Set(urls);
  await Promise.all([...known].filter((url) => !wanted.has(url)).map((url) => cache.delete(url)));
}
