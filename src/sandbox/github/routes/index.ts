import { Hono } from 'hono'
import type { GitHubContext } from '../context.ts'
import type { Hub } from '../hub.ts'
import { accountRoutes } from './accounts.ts'
import { appRoutes } from './apps.ts'
import { branchRoutes } from './branches.ts'
import { checkRoutes } from './checks.ts'
import { commitRoutes } from './commits.ts'
import { contentRoutes } from './contents.ts'
import { deploymentRoutes } from './deployments.ts'
import { gitDatabaseRoutes } from './git-database.ts'
import { graphqlRoutes } from './graphql.ts'
import { issueRoutes } from './issues.ts'
import { labelRoutes } from './labels.ts'
import { pullRoutes } from './pulls.ts'
import { repositoryRoutes } from './repositories.ts'
import { reviewRoutes } from './reviews.ts'
import { ruleRoutes } from './rules.ts'
import { statusRoutes } from './statuses.ts'
import { userInstallationRoutes } from './user-installations.ts'

type Tokens = Parameters<typeof appRoutes>[1]

/** Every resource of the API. More exact paths come first: a commit's checks before the commit. */
export function apiRoutes(hub: Hub, tokens: Tokens): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const groups = [
    appRoutes(hub, tokens),
    userInstallationRoutes(hub),
    accountRoutes(hub),
    checkRoutes(hub),
    statusRoutes(hub),
    commitRoutes(hub),
    contentRoutes(hub),
    gitDatabaseRoutes(hub),
    branchRoutes(hub),
    ruleRoutes(hub),
    reviewRoutes(hub),
    pullRoutes(hub),
    labelRoutes(hub),
    issueRoutes(hub),
    deploymentRoutes(hub),
    graphqlRoutes(hub),
    repositoryRoutes(hub),
  ]
  for (const group of groups) app.route('/', group)
  return app
}
