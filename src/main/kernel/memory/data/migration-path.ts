/** What the path says about a migration: which tool's it is, its number, and whether it does or undoes. */
export interface MigrationPath {
  readonly tool: string
  readonly number: string
  readonly name: string
  readonly direction: 'up' | 'down' | 'both'
}

interface Convention {
  readonly tool: string
  /** Groups `number`, `name` and perhaps `direction`. */
  readonly path: RegExp
  /** When the path says nothing else. */
  readonly direction: MigrationPath['direction']
}

/** In order: the first that matches wins. */
const CONVENTIONS: readonly Convention[] = [
  { tool: 'rails', path: /(?:^|\/)db\/(?:\w{1,40}_)?migrate\/(?<number>\d{1,20})_(?<name>\w{1,200})\.rb$/, direction: 'both' },
  { tool: 'prisma', path: /(?:^|\/)migrations\/(?<number>\d{1,20})_(?<name>[\w-]{1,200})\/migration\.sql$/, direction: 'up' },
  { tool: 'prisma', path: /(?:^|\/)migrations\/(?<number>\d{1,20})_(?<name>[\w-]{1,200})\/(?<direction>up|down)\.sql$/, direction: 'up' },
  {
    tool: 'diesel',
    path: /(?:^|\/)migrations\/(?<number>[\d-]{1,24})_(?<name>[\w-]{1,200})\/(?<direction>up|down)\.sql$/,
    direction: 'up',
  },
  { tool: 'flyway', path: /(?:^|\/)V(?<number>\d{1,20}(?:[._]\d{1,10}){0,5})__(?<name>[\w.-]{1,200})\.(?:sql|java|kt)$/, direction: 'up' },
  { tool: 'flyway', path: /(?:^|\/)U(?<number>\d{1,20}(?:[._]\d{1,10}){0,5})__(?<name>[\w.-]{1,200})\.sql$/, direction: 'down' },
  { tool: 'flyway', path: /(?:^|\/)R(?<number>)__(?<name>[\w.-]{1,200})\.sql$/, direction: 'up' },
  { tool: 'golang-migrate', path: /(?:^|\/)(?<number>\d{1,20})_(?<name>[\w.-]{1,200})\.(?<direction>up|down)\.sql$/, direction: 'up' },
  {
    tool: 'alembic',
    path: /(?:^|\/)(?:alembic|migrations)\/versions\/(?<number>[0-9a-zA-Z]{1,40})_(?<name>\w{1,200})\.py$/,
    direction: 'both',
  },
  { tool: 'django', path: /(?:^|\/)migrations\/(?<number>\d{4})_(?<name>\w{1,200})\.py$/, direction: 'both' },
  { tool: 'laravel', path: /(?:^|\/)database\/migrations\/(?<number>\d{4}_\d\d_\d\d_\d{6})_(?<name>\w{1,200})\.php$/, direction: 'both' },
  { tool: 'drizzle', path: /(?:^|\/)drizzle\/(?:migrations\/)?(?<number>\d{4})_(?<name>[\w-]{1,200})\.sql$/, direction: 'up' },
  {
    tool: 'javascript',
    path: /(?:^|\/)migrations?\/(?:[\w-]{1,60}\/)?(?<number>\d{1,20})[-_.](?<name>[\w.-]{1,200})\.(?:js|cjs|mjs|ts|mts)$/,
    direction: 'both',
  },
  { tool: 'typeorm', path: /(?:^|\/)migrations?\/(?<name>[A-Za-z]{1,100})(?<number>\d{10,20})\.ts$/, direction: 'both' },
  {
    tool: 'sql',
    path: /(?:^|\/)(?:migrations?|migrate)\/(?:[\w-]{1,60}\/)?(?<number>\d{1,20})[-_.]?(?<name>[\w.-]{0,200})\.sql$/,
    direction: 'up',
  },
]

export function migrationOf(path: string): MigrationPath | null {
  if (/\.(?:test|spec|d)\.[cm]?[jt]s$/.test(path)) return null
  for (const { tool, path: pattern, direction } of CONVENTIONS) {
    const groups = pattern.exec(path)?.groups
    if (groups === undefined) continue
    const said = groups['direction']
    return {
      tool,
      number: groups['number'] ?? '',
      name: groups['name'] ?? '',
      direction: said === 'up' || said === 'down' ? said : direction,
    }
  }
  return null
}
