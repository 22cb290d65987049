/** One file that commits whose words match have touched, under the name that it has now. */
export interface HistoryFileHit {
  readonly path: string
  /** Higher is better; comparable within one answer only. */
  readonly score: number
  /** The commit that counts most for it. */
  readonly commit: string
  readonly subject: string
}

/** What retrieval asks of the history: one ranked list of files. */
export interface HistorySearch {
  /**
   * Best first. Empty when no commit matches, when there is no repository, and before anything was read. With `before`, a commit, as if that
   * one and all later ones had not been made: for tests of retrieval that ask with a commit's own subject.
   */
  files(query: string, limit: number, before?: string): readonly HistoryFileHit[]
}

export interface CommitEntry {
  readonly commit: string
  readonly subject: string
  readonly body: string
  readonly author: { readonly name: string; readonly email: string }
  /** When it was committed. */
  readonly atMs: number
  /** Paths as they were called in that commit; at most `FILES_KEPT`. Empty for merges. */
  readonly files: readonly string[]
  /** How many files it changed, kept or not. */
  readonly fileCount: number
}

export interface CommitHit extends CommitEntry {
  readonly score: number
}

export interface CoChange {
  readonly path: string
  /** Commits that changed both. */
  readonly support: number
  /** `support` divided by the commits of the file that was asked about. */
  readonly confidence: number
}

export interface PathAuthor {
  readonly name: string
  readonly email: string
  readonly commits: number
  readonly lastAtMs: number
}

/** A commit as a question with a known answer: who wrote this subject changed these files of that parent. */
export interface SelfTestCommit {
  readonly commit: string
  readonly parent: string
  readonly subject: string
  readonly files: readonly string[]
}

export interface HistoryStatus {
  /** The commit up to which everything was read; null before that, and where there is no repository. */
  readonly head: string | null
  readonly commits: number
  /** Why there is no history or not all of it, as a sentence for a person; null when all is well. */
  readonly problem: string | null
}

/**
 * The commits of the workspace's repository, kept in a database of its own: it survives the index. Questions are synchronous and answer from
 * what has been read; only `refresh` looks at the repository, and nothing that the repository configures is ever run.
 */
export interface History extends HistorySearch {
  readonly status: HistoryStatus
  /**
   * Reads what came since the last time, the newest first, and forgets what is no longer reachable. Cheap when HEAD is where it was; calls
   * that overlap share one pass. What cannot be read is told in `problem`; rejects only when `signal` is aborted or the database fails.
   */
  refresh(signal: AbortSignal): Promise<HistoryStatus>
  search(query: string, limit: number): readonly CommitHit[]
  /** Commits of a file, the newest first, through its renames. */
  log(path: string, limit: number): readonly CommitEntry[]
  /** Files that change together with this one; wide commits and merges do not count. */
  coChanged(path: string, limit: number): readonly CoChange[]
  /** Who changed the file most often first. */
  authorsOf(path: string): readonly PathAuthor[]
  /** Recent commits with a telling subject, one parent and few changed files, which still exist and are named as they are now. */
  commitsForSelfTest(count: number): readonly SelfTestCommit[]
  dispose(): void
}
