import { z } from 'zod'

/** A run: one task given to an agent. Time-ordered, 26 characters, unique in the workspace. */
export const RunId = z
  .string()
  .regex(/^r[0-9a-z]{10,32}$/)
  .brand<'RunId'>()
export type RunId = z.infer<typeof RunId>

/** A branch of a run: `b0` is the first line, `b1`, `b2`, ... are forks in the order in which they were made. */
export const BranchId = z
  .string()
  .regex(/^b\d{1,6}$/)
  .brand<'BranchId'>()
export type BranchId = z.infer<typeof BranchId>

/** SHA-256 of some bytes, lower-case hex. Names content in the content store. */
export const ContentHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'ContentHash'>()
export type ContentHash = z.infer<typeof ContentHash>

/** Number of a frame in its run, from 1, in the order of commit over all branches. */
export const FrameNumber = z.number().int().min(1)
export type FrameNumber = z.infer<typeof FrameNumber>

export const MAIN_BRANCH = 'b0' as BranchId
