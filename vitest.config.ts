import { defineConfig } from 'vitest/config'

// Integration tests (x.NEED.test.ts) use real mounts, terminals and servers and say what they need in their name.
const integration = ['src/**/*.{overlay,pty,lsp,kernel,git,host}.test.ts']

export default defineConfig({
  test: {
    // Two cores: a kernel, its sandboxes and language servers already use them well.
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.{ts,tsx}'], exclude: integration, environment: 'node' } },
      {
        test: {
          name: 'integration',
          include: integration,
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
