import type { AgentProgram } from './agent-api'
import { analyst } from './analyst'
import { refactorer } from './refactorer'

/** The built-in agents and others by id, in the order in which they are offered. */
export function agentRegistry(others: readonly AgentProgram[]): ReadonlyMap<string, AgentProgram> {
  return new Map([refactorer, analyst, ...others].map((agent) => [agent.id, agent]))
}
