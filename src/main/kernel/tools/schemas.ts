import { filesystemSchemas } from './schemas/filesystem'
import { gitSchemas } from './schemas/git'
import { lspSchemas } from './schemas/lsp'
import { memorySchemas } from './schemas/memory'
import { searchSchemas } from './schemas/search'
import { shellSchemas } from './schemas/shell'

/** Inputs and outputs of all tools, by name: drivers implement them, agents call them, both take them from here. */
export const ToolSchemas = {
  ...filesystemSchemas,
  ...searchSchemas,
  ...gitSchemas,
  ...shellSchemas,
  ...lspSchemas,
  ...memorySchemas,
} as const

export type ToolName = keyof typeof ToolSchemas
