import type { AgentProgram } from './agent-api'
import { analyst } from './analyst'
import { refactorer } from './refactorer'

/** The built-in agents by id, in the order in which they are offered. */
export function agentRegistry(): ReadonlyMap<string, AgentProgram> {
  return new Map([refactorer, analyst].map((agent) => [agent.id, agent]))
}
