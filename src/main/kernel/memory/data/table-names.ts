/** `OrderItem` and `orderItem` are `order_item`. */
export function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

const IRREGULAR: Readonly<Record<string, string>> = {
  person: 'people',
  child: 'children',
  man: 'men',
  woman: 'women',
  mouse: 'mice',
  datum: 'data',
}
const UNCHANGED = new Set([
  'equipment',
  'information',
  'money',
  'news',
  'series',
  'species',
  'data',
  'metadata',
  'staff',
  'people',
  'media',
])

/** Of the last word; by the rules that Rails, Laravel, GORM and others agree on. */
export function plural(name: string): string {
  const cut = name.lastIndexOf('_') + 1
  const word = name.slice(cut)
  const lower = word.toLowerCase()
  const known = Object.hasOwn(IRREGULAR, lower) ? IRREGULAR[lower] : undefined
  if (known !== undefined) return name.slice(0, cut) + known
  if (UNCHANGED.has(lower) || word === '') return name
  if (/[^aeiou]y$/i.test(word)) return `${name.slice(0, -1)}ies`
  return /(?:s|x|z|ch|sh)$/i.test(word) ? `${name}es` : `${name}s`
}

/** Tables that a model of this name has by the conventions of its tools, the likeliest first. */
export function tablesOfModel(model: string): string[] {
  const snake = snakeCase(model)
  const pascal = model.charAt(0).toUpperCase() + model.slice(1)
  // A name that is plural already is not made so twice.
  const names = /[^s]s$/.test(model) ? [snake, pascal] : [plural(snake), snake, pascal, plural(pascal)]
  return [...new Set(names)]
}
