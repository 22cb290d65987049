import { describe, expect, it } from 'vitest'
import { codeWith, factsLines } from '../../testing/facts-lines'
import { dotenv } from './dotenv'
import { environment } from './environment'
import { featureFlags } from './feature-flags'
import { shellEnvironment } from './shell-environment'

describe('the environment in code', () => {
  it('starts at the innermost symbol and tells reading from writing', () => {
    const text = "function port() {\n  return process.env.PORT ?? 80\n}\nprocess.env['TZ'] = 'UTC'\n"
    expect(factsLines(environment, 'a.ts', text, codeWith('port 1-3')).relations).toEqual([
      '#port reads env_var:PORT (environment of the process)',
      'file writes env_var:TZ (environment of the process)',
    ])
  })

  it.each([
    ['a.ts', 'const { HOST, LOG_LEVEL: level = 1 } = process.env', ['LOG_LEVEL', 'HOST']],
    ['a.ts', 'process.env?.BAR; import.meta.env.VITE_API; import.meta.env.DEV; Deno.env.get("FOO")', ['BAR', 'VITE_API', 'FOO']],
    ['a.ts', '// process.env.NO\n"process.env.NO"; other.env.NO', []],
    ['a.py', 'os.environ["A"]; os.environ.get("B", 1); os.getenv("C"); environ["D"]; env.bool("E")', ['A', 'B', 'C', 'D', 'E']],
    ['a.go', 'os.Getenv("A"); os.LookupEnv("B")', ['A', 'B']],
    ['a.rs', 'std::env::var("A"); env!("B"); option_env!("C")', ['A', 'B', 'C']],
    ['A.java', 'System.getenv("A"); System.getenv().get("B");', ['A', 'B']],
    ['a.c', 'getenv("A");', ['A']],
    ['a.rb', 'ENV["A"]; ENV.fetch("B", 1)', ['A', 'B']],
    ['a.php', "getenv('A'); env('B', 1); $_ENV['C'];", ['A', 'B', 'C']],
    ['a.cs', 'Environment.GetEnvironmentVariable("A");', ['A']],
  ])('%s: %s', (path, text, names) => {
    expect(factsLines(environment, path, text).entities).toEqual(names.map((name) => `~env_var:${name}`))
  })
})

describe('.env', () => {
  it('gives names and never values', () => {
    const { entities, facts } = factsLines(
      dotenv,
      '.env',
      'API_KEY=sk_live_1\r\nexport URL="https://u:pass@host\nNOT=hidden\n"\n# OLD=older\n  PORT = 80\nnot an entry\n',
    )
    expect(entities).toEqual(['env_var:API_KEY 1-1 API_KEY', 'env_var:URL 2-2 URL', 'env_var:PORT 6-6 PORT'])
    expect(JSON.stringify(facts)).not.toMatch(/sk_live|pass|hidden|older|80/)
  })

  it.each([
    ['.env', true],
    ['.env.example', true],
    ['app/.env.local', true],
    ['env.sample', true],
    ['environment.ts', false],
    ['x.env.ts', false],
  ])('%s: %s', (path, claimed) => {
    expect(dotenv.claims(path)).toBe(claimed)
  })
})

describe('shell scripts', () => {
  it('give what they take from outside and what they export', () => {
    const text =
      'export PATH=$PATH:/x\nFOO=1\necho "$FOO ${BAR:-x}" # $NOT\nfor I in 1 2; do echo $I; done\nPORT=${PORT:-80}\nexport DONE\necho $RANDOM\n'
    expect(factsLines(shellEnvironment, 'a.sh', text).relations).toEqual([
      'file writes env_var:PATH (exported by a shell script)',
      'file writes env_var:DONE (exported by a shell script)',
      'file reads env_var:BAR (used and never set by a shell script)',
      'file reads env_var:PORT (used and never set by a shell script)',
    ])
  })
})

describe('feature flags', () => {
  it.each([
    ['a.ts', "ldClient.variation('new-checkout', user, false)", 'new-checkout'],
    ['a.ts', "unleash.isEnabled('dark-mode')", 'dark-mode'],
    ['a.ts', "import '@openfeature/sdk'; client.getBooleanValue('fast', false)", 'fast'],
    ['a.ts', "growthbook.isOn('wide')", 'wide'],
    ['a.ts', "if (isFeatureEnabled('search')) {}", 'search'],
    ['a.ts', "flags.isEnabled('beta')", 'beta'],
    ['a.py', 'ld_client.variation("new-py", ctx, False)', 'new-py'],
    ['a.go', 'import "launchdarkly"\nclient.BoolVariation("new-go", ctx, false)', 'new-go'],
    ['a.rb', 'Flipper.enabled?(:search, user)', 'search'],
  ])('%s: %s', (path, text, name) => {
    expect(factsLines(featureFlags, path, text).entities).toEqual([`~feature_flag:${name}`])
  })

  it('are not asked for by every isEnabled', () => {
    expect(factsLines(featureFlags, 'a.ts', "import 'unleash-client'; button.isEnabled('save')").entities).toEqual([])
  })
})
