import { queryBuilders } from './data/query-builders'
import { sqlInCode } from './data/sql-in-code'
import { sql } from './data/sql-source'
import type { FactsSource } from './facts-source'

/** Everything that reads files beside the programming languages; each file is given to all that claim it, in this order. */
export const FACTS_SOURCES: readonly FactsSource[] = [sql, sqlInCode, queryBuilders]
