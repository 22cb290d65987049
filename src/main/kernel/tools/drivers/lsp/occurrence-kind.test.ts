import { describe, expect, test } from 'vitest'
import { kindOfOccurrence, type OccurrenceHints } from './occurrence-kind'
import { sourceRegions } from './source-regions'

const NOTHING: OccurrenceHints = { highlight: null, isOrigin: false, symbolKind: null }

/** The kinds of all occurrences of `name` as a word, in order. */
function kinds(languageId: string, text: string, hints: Partial<OccurrenceHints> = {}): string[] {
  const regions = sourceRegions(text, languageId)
  return [...text.matchAll(/\bname\b/g)].map((match) =>
    kindOfOccurrence({ text, languageId, regions, from: match.index, to: match.index + match[0].length }, { ...NOTHING, ...hints }),
  )
}

describe('what an occurrence does, by the text around it', () => {
  test.each([
    ['import { name } from "./a"\nname()\n', ['import', 'call']],
    ['import {\n  other,\n  name,\n} from "./a"\nconst x = name\n', ['import', 'read']],
    ['import "./side"\nname\n', ['read']],
    ['export { name } from "./a"\n', ['import']],
    ['function name(a) {\n  return a\n}\n', ['definition']],
    ['abstract name(): void;\n', ['call']],
    ['name = 1\nname += 2\nname++\n--name\nname == 1\nname => 2\n', ['write', 'write', 'write', 'write', 'read', 'read']],
    ['// name\n/* name */\n/** name */\n', ['comment', 'comment', 'doc']],
    ["const s = 'name'\n", ['other']],
    ['const s = `name ${name + `${name()}`} name`\n', ['other', 'read', 'call', 'other']],
    ['name<string>(1)\n', ['call']],
    ["<p>don't</p>\nname()\n", ['call']],
  ])('TypeScript: %j', (text, expected) => expect(kinds('typescript', text)).toEqual(expected))

  test('TypeScript: uses of a class', () => {
    const text = 'const a: name = new name(1)\nname.of()\nfunction f(x: name[]) {}\n'
    expect(kinds('typescriptreact', text, { symbolKind: 'class' })).toEqual(['type', 'call', 'read', 'type'])
  })

  test.each([
    ['from a import name\nimport name\n', ['import', 'import']],
    ['from a import (\n    other,\n    name,\n)\nname\n', ['import', 'read']],
    ['def name(x):\n    """name"""\n    # name\n    return name(x)\n', ['definition', 'doc', 'comment', 'call']],
    ["x = 'name'\nname = 1\nname == 2\n", ['other', 'write', 'read']],
    ['class name:\n    pass\n', ['definition']],
  ])('Python: %j', (text, expected) => expect(kinds('python', text)).toEqual(expected))

  test.each([
    ['import name "fmt"\n', ['import']],
    ['import (\n\tname "fmt"\n)\nname.Println()\n', ['import', 'read']],
    ['func name(a int) {}\nfunc (r *R) name() {}\ntype name struct{}\n', ['definition', 'definition', 'definition']],
    ['name := 1\nx := name\ngo name()\n', ['write', 'read', 'call']],
    ['s := `name\nname` + name\n', ['other', 'other', 'read']],
  ])('Go: %j', (text, expected) => expect(kinds('go', text)).toEqual(expected))

  test.each([
    ['use a::name;\nuse a::{\n    b,\n    name,\n};\nname();\n', ['import', 'import', 'call']],
    ['pub fn name<T>(a: T) {}\nstruct name;\n', ['definition', 'definition']],
    ["fn f<'a>(x: &'a name) -> char { name::<u8>(x); 'n' }\n", ['read', 'call']],
    ['/// name\n/* /* name */ name */\nname!(1)\n', ['doc', 'comment', 'comment', 'call']],
    ['let mut name = 1;\nname = 2;\n', ['write', 'write']],
  ])('Rust: %j', (text, expected) => expect(kinds('rust', text)).toEqual(expected))

  test.each([
    ['int name(int a);\n', ['declaration']],
    ['static const char *name(int a) {\n  return name(a - 1);\n}\n', ['definition', 'call']],
    ['int Class::name(int a) {\n}\n', ['definition']],
    ['#define name 1\n', ['definition']],
    ['  x->name = 1;\n  y = x->name;\n  f(&name);\n', ['write', 'read', 'read']],
    ['#include <name>\nusing name;\n', ['import', 'import']],
  ])('C and C++: %j', (text, expected) => expect(kinds('cpp', text)).toEqual(expected))

  test('what the server says counts more than the text', () => {
    expect(kinds('typescript', 'pay(name)\n', { highlight: 'write' })).toEqual(['write'])
    expect(kinds('typescript', 'class A {\n  name(): void;\n}\n', { isOrigin: true })).toEqual(['declaration'])
    expect(kinds('lua', 'local name = 1 -- name\n', { isOrigin: true })).toEqual(['definition', 'comment'])
  })

  test('sources that do not end what they begin', () => {
    expect(sourceRegions("'abc", 'typescript')).toEqual([{ from: 0, to: 4, kind: 'string' }])
    expect(sourceRegions('/* abc', 'rust')).toEqual([{ from: 0, to: 6, kind: 'comment' }])
    expect(sourceRegions('`${a', 'typescript')).toEqual([{ from: 0, to: 3, kind: 'string' }])
    expect(sourceRegions('"""a', 'python')).toEqual([{ from: 0, to: 4, kind: 'doc' }])
  })
})
