/** Once everything is loaded, the page asks its service worker to keep it. */

/** @param onKept is called when the page can do without a network. */
export function keepOffline(onKept: () => void): void {
  // Pages that do not come by https have no service workers, nor have some private windows.
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', ({ data }) => {
    if (data === 'kept') onKept();
  });
  serviceWorker
    .register(new URL('sw.js', document.baseURI))
    .then(() => serviceWorker.ready)
    .then(({ active }) => active?.postMessage('keep'))
    .catch(() => undefined); // Then it is a page like others, which needs the network.
}
