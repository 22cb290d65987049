/** Of the git driver. */
export const gitSchemas = {} as const
