import type { RepositoryFacts } from './facts-source'
import { commitFacts } from './history/commit-facts'
import { codeOwners } from './people/code-owners'

/** What is asked about the repository as a whole; runs in the indexing thread, behind the passes. */
export const REPOSITORY_FACTS: readonly RepositoryFacts[] = [codeOwners, commitFacts]
