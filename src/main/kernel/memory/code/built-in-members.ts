/** Methods of the languages' own objects: by name alone they say nothing about a repository. */
export const BUILT_IN_MEMBERS: ReadonlySet<string> = new Set([
  ...[Array, String, Map, Set, Promise, Object, Function, RegExp, Number, Date].flatMap((of) => [
    ...Object.getOwnPropertyNames(of.prototype),
    ...Object.getOwnPropertyNames(of),
  ]),
  // Python: str, bytes, list, dict, set, file objects.
  ...`append capitalize casefold center clear close copy count decode difference discard encode endswith expandtabs extend find format
  format_map fromkeys get index insert intersection isalnum isalpha isdigit islower isnumeric isspace issubset issuperset istitle isupper
  items join keys ljust lower lstrip partition pop popitem read readline readlines remove replace reverse rfind rindex rjust rpartition
  rsplit rstrip setdefault sort split splitlines startswith strip swapcase title translate union update upper values write writelines zfill`.split(
    /\s+/,
  ),
  // Go and others: what almost every type has.
  ...[
    'Error',
    'String',
    'Close',
    'Len',
    'Lock',
    'Unlock',
    'toString',
    'equals',
    'hashCode',
    'length',
    'size',
    'clone',
    'unwrap',
    'into',
    'iter',
  ],
])
