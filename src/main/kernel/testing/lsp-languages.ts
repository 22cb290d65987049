/** A small project in one language: a function that is defined in one file and used in another. */
export interface LanguageFixture {
  readonly language: string
  readonly files: Readonly<Record<string, string>>
  /** Where the function is defined: the text up to its name. */
  readonly definition: { readonly path: string; readonly name: string; readonly by: string }
  /** A use of it in the other file. */
  readonly use: { readonly path: string; readonly line: string }
  /** Each occurrence as `path:line kind`. */
  readonly references: readonly string[]
  /** A file with one use more. */
  readonly added: { readonly path: string; readonly text: string }
  /** What the file that uses it says when a name is wrong, in place of a right one. */
  readonly mistake: { readonly right: string; readonly wrong: string; readonly message: RegExp }
}

export const LANGUAGE_FIXTURES: readonly LanguageFixture[] = [
  {
    language: 'python',
    files: {
      'pyproject.toml': '[project]\nname = "sample"\nversion = "1"\n\n[tool.pyright]\ninclude = ["counting.py"]\n',
      'counting.py':
        'total = 0\n\n\ndef add_up(amount: int) -> int:\n    """Adds to the total."""\n    global total\n    total = total + amount\n    return total\n',
      'main.py': 'from counting import add_up\n\n# add_up is called twice\nprint(add_up(1) + add_up(2))\nlater = add_up\n',
    },
    definition: { path: 'counting.py', name: 'add_up', by: 'def add_up' },
    use: { path: 'main.py', line: 'later = add_up' },
    references: ['counting.py:4 definition', 'main.py:1 import', 'main.py:4 call', 'main.py:4 call', 'main.py:5 read'],
    added: { path: 'more.py', text: 'import counting\n\ncounting.add_up(3)\n' },
    mistake: { right: 'later = add_up', wrong: 'later = add_down', message: /add_down.*not defined/ },
  },
  {
    language: 'go',
    files: {
      'go.mod': 'module example.com/sample\n\ngo 1.18\n',
      'counting.go':
        'package main\n\nvar total = 0\n\n// addUp adds to the total.\nfunc addUp(amount int) int {\n\ttotal = total + amount\n\treturn total\n}\n',
      'main.go': 'package main\n\nfunc main() {\n\tlater := addUp\n\tprintln(addUp(1), later(2))\n}\n',
    },
    definition: { path: 'counting.go', name: 'addUp', by: 'func addUp' },
    use: { path: 'main.go', line: 'later := addUp' },
    references: ['counting.go:6 definition', 'main.go:4 read', 'main.go:5 call'],
    added: { path: 'more.go', text: 'package main\n\nfunc more() {\n\taddUp(3)\n}\n' },
    mistake: { right: 'later := addUp', wrong: 'later := addDown', message: /addDown/ },
  },
  {
    language: 'rust',
    files: {
      'Cargo.toml': '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2021"\n',
      'Cargo.lock': 'version = 3\n\n[[package]]\nname = "sample"\nversion = "0.1.0"\n',
      'src/counting.rs': '/// Adds to the total.\npub fn add_up(total: u32, amount: u32) -> u32 {\n    total + amount\n}\n',
      'src/main.rs':
        'mod counting;\n\nuse counting::add_up;\n\nfn main() {\n    let later = add_up;\n    let sum = later(1, 2) + add_up(3, 4);\n    drop(sum);\n}\n',
    },
    definition: { path: 'src/counting.rs', name: 'add_up', by: 'fn add_up' },
    use: { path: 'src/main.rs', line: '    let later = add_up' },
    references: ['src/counting.rs:2 definition', 'src/main.rs:3 import', 'src/main.rs:6 read', 'src/main.rs:7 call'],
    // A file that no module names is not part of the crate: a test is.
    added: { path: 'src/bin/more.rs', text: '#[path = "../counting.rs"]\nmod counting;\n\nfn main() {\n    counting::add_up(1, 2);\n}\n' },
    mistake: { right: 'let later = add_up', wrong: 'let later = ', message: /expected expression/i },
  },
  {
    language: 'cpp',
    files: {
      'counting.h': '#pragma once\n\n/* add_up adds to the total. */\nint add_up(int amount);\n',
      'counting.c':
        '#include "counting.h"\n\nstatic int total = 0;\n\nint add_up(int amount) {\n  total = total + amount;\n  return total;\n}\n',
      'main.c': '#include "counting.h"\n\nint main(void) {\n  int (*later)(int) = add_up;\n  return later(1) + add_up(2);\n}\n',
    },
    definition: { path: 'counting.c', name: 'add_up', by: 'int add_up' },
    use: { path: 'main.c', line: '  int (*later)(int) = add_up' },
    references: ['counting.c:5 definition', 'counting.h:4 declaration', 'main.c:4 read', 'main.c:5 call'],
    added: { path: 'more.c', text: '#include "counting.h"\n\nint more(void) { return add_up(3); }\n' },
    mistake: { right: '= add_up', wrong: '= add_down', message: /add_down/ },
  },
]

/** The place of a text in a file: of its end, or of the last word in it. */
export function placeIn(
  files: Readonly<Record<string, string>>,
  path: string,
  text: string,
): { path: string; line: number; column: number } {
  const lines = (files[path] ?? '').split('\n')
  const line = lines.findIndex((one) => one.includes(text))
  if (line < 0) throw new Error(`${path} does not say ${text}`)
  const word = /\w+$/.exec(text)?.index ?? 0
  return { path, line: line + 1, column: (lines[line] ?? '').indexOf(text) + word }
}
