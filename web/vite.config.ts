import { defineConfig } from 'vite';

// The page is served from any folder of a site, beside the folder of the engine.
export default defineConfig({
  base: './',
  worker: { format: 'es' },
  build: {
    outDir: '../dist/site/playground',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
  },
});
