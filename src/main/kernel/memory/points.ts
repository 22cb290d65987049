/** The files of a branch at a checkpoint, as the index asks for them. Files that are the base's are named by hash only. */
export interface FilesAtPoint {
  /** The branch: `RUN/BRANCH`. */
  readonly layer: string
  /** Names the state of all files: equal names, equal files. */
  readonly state: string
  /** Every file of the branch's base with the SHA-256 of its content; asked for once a branch. */
  baseFiles(): Promise<ReadonlyMap<string, string>>
  /** What differs from the base: the new content's SHA-256, null for a deleted file. */
  changes(): Promise<ReadonlyMap<string, string | null>>
  /** Content at this point; null when there is none. */
  read(path: string): Promise<Buffer | null>
}
