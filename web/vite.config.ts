import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Packages whose code ends up in the bundle; their licences ask to be shipped with it. */
const SHIPPED = ['@preact/signals', '@preact/signals-core', 'openapi-fetch', 'preact'];

function thirdParty(): Plugin {
  return {
    name: 'third-party-licenses',
    generateBundle(_, bundle) {
      const used = new Set(
        Object.values(bundle)
          .flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
          .flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? []),
      );
      const missing = [...used].filter((name) => !SHIPPED.includes(name));
      if (missing.length > 0) this.error(`add ${missing.join(', ')} to the list of shipped packages`);
      const source = SHIPPED.map((name) => {
        const folder = new URL(`node_modules/${name}/`, import.meta.url);
        const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
          version: string;
        };
        return `${name} ${version}\n\n${licenseOf(folder)}`;
      }).join(`\n\n${'-'.repeat(80)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'third-party-licenses.txt', source: `${source}\n` });
    },
  };
}

function licenseOf(folder: URL): string {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENSE.txt']) {
    try {
      return readFileSync(new URL(name, folder), 'utf8').trim();
    } catch {
      // Another spelling follows.
    }
  }
  throw new Error(`${folder.pathname} has no licence file`);
}

// File names carry no hash: `dist` is committed and the server answers with ETags, so a change of
// one letter must not rename files. The polyfill for module preloading would be an inline script,
// which the content policy forbids.
export default defineConfig({
  plugins: [thirdParty()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 300,
    rollupOptions: {
      output: {
        entryFileNames: 'app.js',
        chunkFileNames: '[name].js',
        assetFileNames: (asset) =>
          asset.names.some((n) => n.endsWith('.css')) ? 'app.css' : '[name][extname]',
      },
    },
  },
  worker: { format: 'es', rollupOptions: { output: { entryFileNames: '[name].js' } } },
  test: {
    // Most tests are about numbers and state; those that need a page say so in their first line.
    environment: 'node',
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
  },
});
