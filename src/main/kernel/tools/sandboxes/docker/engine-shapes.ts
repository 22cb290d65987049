import { z } from 'zod'

/** The parts of the engine's answers that are read, as its API names them. */
export const EngineInfo = z.object({
  ServerVersion: z.string(),
  OSType: z.string().default('linux'),
  SecurityOptions: z.array(z.string()).nullable().default([]),
  CgroupVersion: z.string().default('1'),
})
export type EngineInfo = z.infer<typeof EngineInfo>

export const ImageView = z.object({
  Id: z.string(),
  Architecture: z.string().default(''),
  Config: z
    .object({ Env: z.array(z.string()).nullable().default([]), Volumes: z.record(z.string(), z.unknown()).nullable().default(null) })
    .nullable(),
})

export const Created = z.object({ Id: z.string() })

export const ContainerView = z.object({ State: z.object({ Running: z.boolean(), Pid: z.number(), Error: z.string().default('') }) })

export const ContainerList = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()).nullable() }))

export const VolumeList = z.object({
  Volumes: z.array(z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullable() })).nullable(),
})

export const ExecView = z.object({ Running: z.boolean(), Pid: z.number(), ExitCode: z.number().nullable() })
