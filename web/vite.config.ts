import { defineConfig, type Plugin } from 'vite';

/** The list of all files of the page, for the service worker that keeps them. */
const files: Plugin = {
  name: 'files',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      const names = Object.keys(bundle).filter((name) => name !== 'sw.js');
      const source = JSON.stringify([...names.sort()]);
      this.emitFile({ type: 'asset', fileName: 'files.json', source });
    },
  },
};

// The page is served from any folder of a site, beside the folder of the engine.
export default defineConfig({
  base: './',
  plugins: [files],
  worker: { format: 'es' },
  build: {
    outDir: '../dist/site/playground',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { index: 'index.html', sw: 'src/offline/service_worker.ts' },
      output: {
        // A service worker is known by its address.
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
