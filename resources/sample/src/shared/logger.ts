export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogRecord {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, string | number | boolean>>
}

export interface Logger {
  log(level: LogLevel, message: string, fields?: LogRecord['fields']): void
}

/** One JSON object a line, as the cluster's collector expects it. */
export function createJsonLogger(write: (line: string) => void): Logger {
  return {
    log(level, message, fields = {}) {
      write(`${JSON.stringify({ level, message, ...fields })}\n`)
    },
  }
}

/** Keeps what was logged: for tests. */
export function createMemoryLogger(): Logger & { readonly records: LogRecord[] } {
  const records: LogRecord[] = []
  return {
    records,
    log(level, message, fields = {}) {
      records.push({ level, message, fields })
    },
  }
}
