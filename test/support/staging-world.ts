import type { Stage } from '../../src/sandbox/stage.ts'
import { type Staging, sandboxDiner, startStaging } from '../../src/sandbox/staging/start.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aBarePglite } from './databases.ts'
import { aStage } from './stage.ts'

/** Planted in the operator's environment; no sink may ever hold them. */
export const canaries = {
  token: 'canary-staging-token-4f1d8c2b7a',
  ledgerKey: 'canary-ledger-key-91c0d3e5f6a7',
}

/** A world with a staging server, whose address only the bot's environment holds. */
export type StagingWorld = {
  stage: Stage
  staging: Staging
  shop: (policy?: string, suite?: string | null) => Promise<Workshop>
  close: () => Promise<void>
}

/** A suite that is over in a second. */
export const quickSuite = `version: 1
defaults: { timeout: 2s, max_total: 4s }
cases:
  - name: an eligible diner can be rewarded
    tool: check_reward_eligibility
    args: { diner_wallet: "\${SUITE_DINER}", restaurant_id: r-1 }
    expect: { json: { $.eligible: true } }
  - name: the statistics are numbers
    tool: reward_statistics
    expect: { json: { $.total_amount: { gte: 0 } } }
`

export const stagingOnly = `gates:
  staging_regression:
    limits: { per_tool: 2, total: 4 }
`

export async function aStagingWorld(
  at = '2026-11-24T18:00:00Z',
  env: (staging: Staging) => Record<string, string> = () => ({}),
  aStageOf = aStage,
): Promise<StagingWorld> {
  const database = await aBarePglite()
  const staging = await startStaging({ database })
  const stage = await aStageOf({
    at: new Date(at),
    env: {
      LOG_LEVEL: 'info',
      SERVER_STAGING_URL: staging.url,
      SERVER_STAGING_REPOSITORIES: 'foodyepay/*',
      SERVER_STAGING_TOKEN: canaries.token,
      SERVER_STAGING_LEDGER_URL: staging.ledger.url,
      SERVER_STAGING_LEDGER_KEY: canaries.ledgerKey,
      SERVER_STAGING_SUITE_DINER: sandboxDiner,
      ...env(staging),
    },
  })
  cast(stage)
  stage.github.installApp('foodyepay')
  let count = 0
  return {
    stage,
    staging,
    shop: (policy = stagingOnly, suite = quickSuite) =>
      setUpRepositories(stage, {
        repo: `shop-${++count}`,
        policy,
        files: suite === null ? {} : { '.github/mcp-regression.yml': suite },
      }),
    async close() {
      await stage.close()
      await staging.close()
      await database.close()
    },
  }
}
