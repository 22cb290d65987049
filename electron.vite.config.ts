import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { resolve } from 'node:path'
import type { Plugin } from 'vite'

/** KEYFRAME_BUILD=main builds what the command line needs, without the window. */
const only = process.env['KEYFRAME_BUILD']
const source = (path: string): string => resolve(import.meta.dirname, 'src', path)

/**
 * electron-vite declares `require` in each chunk whose text mentions it, which breaks modules that declare their own.
 * Everything here is written as ES modules and needs no such help.
 */
const withoutCommonJsShim: Plugin = {
  name: 'keyframe:without-commonjs-shim',
  configResolved(config) {
    for (const plugin of config.plugins) if (plugin.name === 'vite:esm-shim') Reflect.deleteProperty(plugin, 'renderChunk')
  },
}

const main = {
  plugins: [withoutCommonJsShim],
  build: {
    outDir: 'out/main',
    // A process that was started from the previous build may still load its parts; scripts/build.mjs removes old files.
    emptyOutDir: false,
    target: 'node24',
    sourcemap: true,
    rolldownOptions: {
      input: {
        index: source('main/index.ts'),
        'kernel-process': source('main/kernel-process.ts'),
        cli: source('main/cli/main.ts'),
        'parse-worker': source('main/workers/parse-worker.ts'),
        'vector-worker': source('main/workers/vector-worker.ts'),
      },
      output: {
        format: 'es' as const,
        entryFileNames: '[name].js', // Flat, so that modules find the worker's entry beside themselves.
        chunkFileNames: '[name]-[hash].js',
      },
    },
  },
}

const preload = {
  build: {
    outDir: 'out/preload',
    // A sandboxed preload is one CommonJS file without requires of its own.
    externalizeDeps: false,
    rolldownOptions: {
      input: { index: source('preload/index.ts') },
      output: { format: 'cjs' as const, entryFileNames: '[name].cjs' },
    },
  },
}

const renderer = {
  root: source('renderer'),
  // The same build is served by the web host at / and by Electron at keyframe://app/.
  base: '/',
  plugins: [react()],
  resolve: {
    alias: [
      // One Monaco: the language client is built on this package's editor API. The grammars, which only monaco-editor has, use it too.
      { find: /^(monaco-editor|(\.\.\/){3}editor\/editor\.api\.js)$/, replacement: '@codingame/monaco-vscode-editor-api' },
    ],
    dedupe: ['vscode', 'react', 'react-dom'],
  },
  worker: { format: 'es' as const },
  build: {
    outDir: resolve(import.meta.dirname, 'out/renderer'),
    emptyOutDir: false,
    target: 'chrome140',
    chunkSizeWarningLimit: 20_000,
    rolldownOptions: { input: { index: source('renderer/index.html') } },
  },
}

export default defineConfig(only === 'main' ? { main } : { main, preload, renderer })
