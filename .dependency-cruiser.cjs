/** The import rules of the architecture. scripts/check-layers.mjs plants a violation of each, so a rule that cannot fire fails the check. */
const TEST = '\\.test\\.tsx?$'
const HOSTS = '^src/main/(index|kernel-process|kernel-supervisor)\\.ts$|^src/main/(cli|web-host)/'
/** What hosts may import of the kernel: its entry, and the maker of the sample, which works before there is a kernel. */
const KERNEL_ENTRY = '^src/main/kernel/(kernel|workspace/sample-workspace)\\.ts$'

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    rule(
      'shared-stands-alone',
      'Shared code imports only its schema library.',
      { path: '^src/shared/', pathNot: TEST },
      { pathNot: ['^src/shared/', 'node_modules/zod/'] },
    ),
    rule(
      'kernel-below-hosts',
      'The kernel never imports electron, a host, the preload or the renderer.',
      { path: '^src/main/(kernel|workers)/' },
      { path: ['^src/(preload|renderer)/', '^src/main/(?!kernel/|workers/)', 'node_modules/electron/'] },
    ),
    rule(
      'kernel-has-one-entry',
      'Outside the kernel, nothing imports its inner modules.',
      { path: '^src/', pathNot: ['^src/main/(kernel|workers)/', TEST] },
      { path: '^src/main/kernel/', pathNot: KERNEL_ENTRY },
    ),
    rule(
      'only-hosts-open-kernels',
      'Only hosts import kernel.ts.',
      { path: '^src/', pathNot: [HOSTS, TEST, '/testing/'] },
      { path: '^src/main/kernel/kernel\\.ts$' },
    ),
    rule(
      'renderer-without-main',
      'The renderer never imports main or the preload.',
      { path: '^src/renderer/' },
      { path: '^src/(main|preload)/' },
    ),
    rule('renderer-without-node', 'The renderer has no Node.', { path: '^src/renderer/', pathNot: TEST }, { dependencyTypes: ['core'] }),
    rule('preload-is-thin', 'The preload imports the contract and electron.', { path: '^src/preload/' }, { path: '^src/(main|renderer)/' }),
    rule(
      'features-apart',
      'A feature never imports a feature.',
      { path: '^src/renderer/features/([^/]+)/' },
      { path: '^src/renderer/features/', pathNot: '^src/renderer/features/$1/' },
    ),
    rule(
      'components-stateless',
      'Components know neither features nor the shell.',
      { path: '^src/renderer/components/' },
      { path: '^src/renderer/(features|app)/' },
    ),
    rule(
      'testing-for-tests',
      'Only tests import what is made for tests.',
      { path: '^src/', pathNot: [TEST, '/testing/'] },
      { path: '/testing/' },
    ),
    rule('no-cycles', 'No module imports itself through others.', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    rule('resolvable', 'Every import leads somewhere.', { path: '^src/' }, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.css', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
