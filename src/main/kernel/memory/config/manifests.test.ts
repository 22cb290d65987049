import { describe, expect, it } from 'vitest'
import { codeWith, factsLines } from '../../testing/facts-lines'
import { manifests } from './manifests'
import { packageImports } from './package-imports'

const dependencies = (path: string, text: string): string[] =>
  (factsLines(manifests, path, text).facts.entities ?? []).map((entity) =>
    `${entity.key} ${entity.startLine} ${String(entity.attributes?.['group'] ?? '')} ${String(entity.attributes?.['range'] ?? entity.attributes?.['version'] ?? '')}`.trimEnd(),
  )

describe('manifests', () => {
  it.each([
    [
      'package.json',
      '{\n  "name": "shop",\n  "version": "1.2.0",\n  "dependencies": {\n    "react": "^18.0.0",\n    "own": "git+https://user:token@example.org/x.git"\n  },\n  "devDependencies": { "vitest": "5" }\n}',
      [
        'package:npm/shop 2  1.2.0',
        'package:npm/react 5 dependencies ^18.0.0',
        'package:npm/own 6 dependencies address',
        'package:npm/vitest 8 development 5',
      ],
    ],
    [
      'pyproject.toml',
      '[project]\nname = "My_App"\nversion = "1.0"\ndependencies = [\n  "requests[socks]>=2.0; python_version<\'4\'",\n  "Flask",\n]\n[tool.poetry.group.dev.dependencies]\npytest = "^7"\n',
      [
        'package:pypi/my-app 2  1.0',
        'package:pypi/requests 5 dependencies >=2.0',
        'package:pypi/flask 6 dependencies',
        'package:pypi/pytest 9 development ^7',
      ],
    ],
    [
      'requirements-dev.txt',
      '# tools\r\n-r base.txt\r\nblack==24.1\r\nflake8\r\ngit+https://x@y\r\n',
      ['package:pypi/black 3 development ==24.1', 'package:pypi/flake8 4 development'],
    ],
    [
      'setup.cfg',
      '[metadata]\nname = thing\n[options]\ninstall_requires =\n  requests>=2\n  attrs\n',
      ['package:pypi/thing 2', 'package:pypi/requests 5 dependencies >=2', 'package:pypi/attrs 6 dependencies'],
    ],
    [
      'go.mod',
      'module example.org/a\n\ngo 1.19\nrequire (\n\tgithub.com/x/y v1.2.3 // indirect\n)\nrequire a.b/c v1.0.0\n',
      ['package:go/example.org/a 1', 'package:go/github.com/x/y 5 indirect v1.2.3', 'package:go/a.b/c 7 dependencies v1.0.0'],
    ],
    [
      'Cargo.toml',
      '[package]\nname = "a"\nversion = "0.1.0"\n[dependencies]\nserde = { version = "1", features = ["derive"] }\n[dev-dependencies]\nrand = "0.8"\n',
      ['package:cargo/a 2  0.1.0', 'package:cargo/serde 5 dependencies 1', 'package:cargo/rand 7 development 0.8'],
    ],
    [
      'pom.xml',
      '<project>\n<parent>\n<groupId>p</groupId>\n</parent>\n<groupId>g</groupId>\n<artifactId>a</artifactId>\n<version>1</version>\n<dependencies>\n<dependency>\n<groupId>org.x</groupId><artifactId>y</artifactId>\n<version>2</version>\n<scope>test</scope>\n</dependency></dependencies></project>',
      ['package:maven/g:a 6  1', 'package:maven/org.x:y 9 development 2'],
    ],
    [
      'build.gradle',
      'dependencies {\n  implementation \'org.x:y:1.0\'\n  testImplementation("a.b:c")\n}\n',
      ['package:maven/org.x:y 2 dependencies 1.0', 'package:maven/a.b:c 3 development'],
    ],
    [
      'composer.json',
      '{\n"name": "a/b",\n"require": { "php": ">=8", "laravel/framework": "^11" } }',
      ['package:composer/a/b 2', 'package:composer/laravel/framework 3 dependencies ^11'],
    ],
    [
      'Gemfile',
      "gem 'rails', '~> 7.0'\ngroup :test do\n  gem \"rspec\"\nend\n",
      ['package:gem/rails 1 dependencies ~> 7.0', 'package:gem/rspec 3 development'],
    ],
    [
      'App.csproj',
      '<ItemGroup>\n<PackageReference Include="Serilog" Version="3.0" />\n</ItemGroup>',
      ['package:nuget/Serilog 2 dependencies 3.0'],
    ],
  ])('%s', (path, text, expected) => {
    expect(dependencies(path, text)).toEqual(expected)
  })

  it('relate the file and its package to what they need', () => {
    expect(factsLines(manifests, 'package.json', '{"name":"a","dependencies":{"b":"1"}}').relations).toEqual([
      'file contains package:npm/a (package manifest)',
      'file depends_on package:npm/b (package manifest)',
      'package:npm/a depends_on package:npm/b (package manifest)',
    ])
  })

  it.each([
    ['package.json', '{"name": "secret-thing"'],
    ['Cargo.toml', '[package\nname = "secret-thing"'],
    ['pyproject.toml', 'a = = secret-thing'],
    ['composer.json', 'secret-thing'],
  ])('%s that is broken is a problem that quotes nothing', (path, text) => {
    expect(() => manifests.read({ path, text, code: null })).toThrowError(
      expect.objectContaining({ name: 'KeyframeError', message: expect.not.stringContaining('secret-thing') }),
    )
  })

  it.each([
    ['package.json', '[]'],
    ['package.json', '{"dependencies": 3}'],
    ['Cargo.toml', 'dependencies = 1'],
    ['go.mod', 'require ('],
    ['pom.xml', '<dependency><artifactId>'],
    ['Gemfile', 'gem'],
  ])('%s with odd content %s gives nothing', (path, text) => {
    expect(factsLines(manifests, path, text).entities).toEqual([])
  })
})

describe('imports of packages', () => {
  it.each([
    ['a.ts', ['react', '@scope/x/deep', './own', 'node:fs', '@/own'], ['react', '@scope/x']],
    ['a.py', ['yaml', 'flask_login.utils', '.models'], ['yaml', 'pyyaml', 'flask-login']],
    ['a.go', ['fmt', 'github.com/gorilla/mux/sub'], ['github.com/gorilla/mux/sub', 'github.com/gorilla/mux', 'github.com/gorilla']],
    ['a.rs', ['crate::a', 'std::io', 'serde_json::Value'], ['serde_json', 'serde-json']],
  ])('%s %s', (path, specifiers, names) => {
    const code = { ...codeWith(), imports: specifiers.map((specifier) => ({ specifier, line: 1, names: [] })) }
    expect(factsLines(packageImports, path, '', code).relations).toEqual(
      names.map((name) => `file depends_on ?package:${name} (import of a declared package)`),
    )
  })
})
