import { KeyframeError } from '../../../shared/failure'
import type { z } from 'zod'
import type { Driver } from '../tools/driver'
import { ToolSchemas, type ToolName } from '../tools/schemas'
import type { Sandbox } from '../tools/sandboxes/sandbox'

/** Calls a driver's tool the way the runtime does: input and output are validated by the tool's schemas. */
export async function callTool<Name extends ToolName>(
  driver: Driver,
  sandbox: Sandbox,
  name: Name,
  args: z.input<(typeof ToolSchemas)[Name]['input']>,
  options: { signal?: AbortSignal; onOutput?: (chunk: string) => void } = {},
): Promise<z.output<(typeof ToolSchemas)[Name]['output']>> {
  const tool = driver.tools.find((spec) => spec.name === name)
  if (tool === undefined) throw new Error(`${driver.name} has no tool ${name}`)
  const call = { sandbox, signal: options.signal ?? new AbortController().signal, onOutput: options.onOutput ?? (() => undefined) }
  const result = await tool.execute(tool.input.parse(args), call)
  return ToolSchemas[name].output.parse(result.output) as z.output<(typeof ToolSchemas)[Name]['output']>
}

/** The code with which a call fails; fails the test when it does not. */
export async function failureOf(call: Promise<unknown>): Promise<KeyframeError> {
  try {
    await call
  } catch (error) {
    if (error instanceof KeyframeError) return error
    throw error
  }
  throw new Error('The call succeeded.')
}
