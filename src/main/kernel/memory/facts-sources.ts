import { queryBuilders } from './data/query-builders'
import { sqlInCode } from './data/sql-in-code'
import { sql } from './data/sql-source'
import { environment } from './config/environment'
import { dotenv } from './config/dotenv'
import { shellEnvironment } from './config/shell-environment'
import { featureFlags } from './config/feature-flags'
import { manifests } from './config/manifests'
import { packageImports } from './config/package-imports'
import { jsonFiles, tomlFiles, yamlFiles } from './config/settings'
import { compose } from './infra/compose'
import { dockerfile } from './infra/dockerfile'
import { githubActions } from './infra/github-actions'
import { kubernetes } from './infra/kubernetes'
import { kustomize } from './infra/kustomize'
import { circleCi, gitlabCi, jenkinsfile } from './infra/other-pipelines'
import { terraform } from './infra/terraform'
import { markdown, otherDocuments } from './docs/documents'
import { ownerRules, packagePeople, peopleFiles, serviceCatalogue } from './people/package-people'
import { models } from './data/models'
import { codeMigrations } from './data/code-migrations'
import { prismaSchema } from './data/prisma-schema'
import type { FactsSource } from './facts-source'

/** Everything that reads files beside the programming languages; each file is given to all that claim it, in this order. */
export const FACTS_SOURCES: readonly FactsSource[] = [
  yamlFiles,
  jsonFiles,
  tomlFiles,
  sql,
  sqlInCode,
  queryBuilders,
  prismaSchema,
  codeMigrations,
  models,
  packageImports,
  manifests,
  featureFlags,
  shellEnvironment,
  dotenv,
  environment,
  kubernetes,
  kustomize,
  compose,
  dockerfile,
  githubActions,
  gitlabCi,
  circleCi,
  jenkinsfile,
  terraform,
  markdown,
  otherDocuments,
  ownerRules,
  packagePeople,
  peopleFiles,
  serviceCatalogue,
]
