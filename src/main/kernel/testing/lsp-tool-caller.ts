import type { z } from 'zod'
import type { Driver } from '../tools/driver'
import type { Sandbox } from '../tools/sandboxes/sandbox'
import { type ToolName, ToolSchemas } from '../tools/schemas'

type Caller = <Name extends ToolName>(
  name: Name,
  args: z.input<(typeof ToolSchemas)[Name]['input']>,
  signal?: AbortSignal,
) => Promise<z.output<(typeof ToolSchemas)[Name]['output']>>

/** Calls a driver's tools as the runtime does: both sides validated, the output as data. */
export function toolCaller(driver: Driver, sandbox: Sandbox): Caller {
  return async (name, args, signal = new AbortController().signal) => {
    const tool = driver.tools.find((one) => one.name === name)
    if (!tool) throw new Error(`The driver has no tool ${name}.`)
    const input: unknown = ToolSchemas[name].input.parse(args)
    const { output } = await tool.execute(input, { sandbox, signal, onOutput: () => undefined })
    const parse = (value: unknown) => ToolSchemas[name].output.parse(value)
    return parse(output) as z.output<(typeof ToolSchemas)[typeof name]['output']>
  }
}
